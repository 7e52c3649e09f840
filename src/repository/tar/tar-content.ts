import tar from 'tar-stream';

/** The entry of a segment with the bytes of its transactions, as they stand in a log. */
export const TRANSACTIONS_ENTRY = 'transactions';

export interface TarEntry {
  readonly name: string;
  readonly content: Uint8Array;
}

const BLOCK_BYTES = 512;
/** What an entry takes besides its content: headers, one of them for a long name, and padding. */
export const TAR_ENTRY_BYTES = 5 * BLOCK_BYTES;
/** What an archive takes at its end. */
export const TAR_END_BYTES = 2 * BLOCK_BYTES;

/** The bytes of a tar of a few small files. */
export async function packTar(entries: readonly TarEntry[]): Promise<Uint8Array[]> {
  const pack = tar.pack();
  const mtime = new Date(0);
  for (const { name, content } of entries) pack.entry({ name, mtime, mode: 0o600 }, Buffer.from(content));
  pack.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of pack) pieces.push(piece as Uint8Array);
  return pieces;
}
