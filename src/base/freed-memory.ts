interface Transferable {
  /** Since Node 22. */
  transfer?(bytes: number): ArrayBuffer;
}

/**
 * Gives memory back at once, where the engine can do that. Otherwise it waits for the collector, and what comes next takes new memory: for
 * pieces of 1 MiB that costs more than to compress them. The bytes are gone afterwards, so call it only with those that nobody else has.
 */
export function freeMemory(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength === 0 || !isOwn(bytes)) return;
  try {
    (buffer as Transferable).transfer?.(0);
  } catch {
    // The engine does not want to: it waits for the collector.
  }
}

/** Small ones are parts of a pool, which others have parts of too: at most half of one, which may be a little larger than it says. */
function isOwn({ length, buffer }: Uint8Array): boolean {
  return length === buffer.byteLength || buffer.byteLength > 2 * Buffer.poolSize;
}
