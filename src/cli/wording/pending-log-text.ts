import type { PendingLog } from '../../replay/pending-log.ts';

/** Describes what waits for the server; without a full stop. */
export function describePendingLog({ first, last }: PendingLog): string {
  return `transactions ${first} to ${last} are left to the server because of explicit indexes; it finishes them at its first start`;
}

/** What a check could not look at because transactions wait for a server, and why. */
export function describeUncheckedLog({ first, last }: PendingLog): string {
  const which = first === last ? `Transaction ${first} waits` : `Transactions ${first} to ${last} wait`;
  return (
    `${which} for the server, because explicit indexes are changed. Checked: records, tokens, schema rules, counts, and the structure of ` +
    'label scan store and indexes. Not checked: the entries of label scan store and indexes, which are those before these transactions; ' +
    'the server brings them up to date at its first start.'
  );
}
