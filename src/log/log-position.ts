/** A place in the log: file `neostore.transaction.db.<version>`, byte offset from the start of the file (header included). */
export interface LogPosition {
  version: number;
  offset: number;
}

export function comparePositions(a: LogPosition, b: LogPosition): number {
  return a.version - b.version || a.offset - b.offset;
}

export function formatPosition(position: LogPosition): string {
  return `log ${position.version}, offset ${position.offset}`;
}
