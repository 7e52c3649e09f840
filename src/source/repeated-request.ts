/** A request to a server that is repeated because the connection was lost or the server asked us to wait. */
export type RepeatedRequest =
  /** The files that come before all others, with the check point of a copy. */
  | { request: 'first-files' }
  | { request: 'file'; name: string }
  /** The files of a schema index, by the id of its rule. */
  | { request: 'index'; rule: number }
  | { request: 'transactions' };
