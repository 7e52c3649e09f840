/** A place in the log: file `neostore.transaction.db.<version>`, byte offset from the start of the file (header included). */
export interface LogPosition {
  version: number;
  offset: number;
}
