/** Bytes that are there already, for what reads them piece by piece. */
export async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}
