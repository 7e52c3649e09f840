import { readSync, writeSync } from 'node:fs';

/** Writes the first `length` bytes of `buffer` at `position`, in as many calls as it takes. */
export function writeFully(fd: number, buffer: Uint8Array, length: number, position: number): void {
  for (let done = 0; done < length; ) done += writeSync(fd, buffer, done, length - done, position + done);
}

/** Fills the first `length` bytes of `buffer` from `position`; what is beyond the end of the file reads as zeros. */
export function readOrZeros(fd: number, buffer: Buffer, length: number, position: number): void {
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  buffer.fill(0, done, length);
}
