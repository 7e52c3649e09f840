/** What goes along with the reading and writing of an archive. */
export interface ArchiveProgress {
  signal: AbortSignal;
  onFile?: ((relative: string, sizeBytes: number) => void) | undefined;
  onBytes?: ((count: number) => void) | undefined;
}
