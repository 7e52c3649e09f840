import { read, readSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';

/** Writes the first `length` bytes of `buffer` at `position`, in as many calls as needed. */
export function writeFully(fd: number, buffer: Uint8Array, length: number, position: number): void {
  for (let done = 0; done < length; ) done += writeSync(fd, buffer, done, length - done, position + done);
}

/** Fills the first `length` bytes of `buffer` from `position`; bytes beyond the end of the file read as zeros. */
export function readOrZeros(fd: number, buffer: Buffer, length: number, position: number): void {
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  buffer.fill(0, done, length);
}

const readAsync = promisify(read);

/** Asynchronous {@link readOrZeros}. Do not reuse the buffer or close the descriptor before it has ended. */
export async function readOrZerosAsync(fd: number, buffer: Buffer, length: number, position: number): Promise<void> {
  let done = 0;
  while (done < length) {
    const { bytesRead } = await readAsync(fd, buffer, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  buffer.fill(0, done, length);
}
