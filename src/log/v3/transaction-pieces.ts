/** Small transactions are delivered together, in pieces of this size. */
const PIECE_BYTES = 256 * 1024;

/**
 * Cuts transactions into pieces for delivery: small ones together, a large one by itself. A piece is memory that the next one reuses, or
 * the bytes of a transaction as they were given, which are valid only until the next one is asked for.
 */
export function* inPieces(transactions: Iterable<Buffer>): Generator<Buffer, void> {
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let filled = 0;
  for (const bytes of transactions) {
    if (bytes.length > piece.length - filled) {
      if (filled > 0) yield piece.subarray(0, filled);
      filled = 0;
    }
    if (bytes.length > piece.length) yield bytes;
    else filled += bytes.copy(piece, filled);
  }
  if (filled > 0) yield piece.subarray(0, filled);
}
