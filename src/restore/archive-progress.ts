/** Progress and cancellation of reading or writing an archive. */
export interface ArchiveProgress {
  signal: AbortSignal;
  onFile?: ((relative: string, sizeBytes: number) => void) | undefined;
  onBytes?: ((count: number) => void) | undefined;
}
