/** What the tuples of the chain screen begin with. */
export const CHAIN = 1;
export const HEAD = 2;
