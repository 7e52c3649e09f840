/** A position in the log: file `neostore.transaction.db.<version>`, byte offset from the start of the file (header included). */
export interface LogPosition {
  version: number;
  offset: number;
}

export function isBefore(a: LogPosition, b: LogPosition): boolean {
  return a.version < b.version || (a.version === b.version && a.offset < b.offset);
}
