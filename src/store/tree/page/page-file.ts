import { closeSync, fstatSync, fsync, openSync, readSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { GraphkeepError } from '../../../base/errors.ts';
import { atFile, fileError } from '../../../base/file-errors.ts';
import { openRegularFile } from '../../../base/regular-files.ts';

const fsyncAsync = promisify(fsync);

/** A file read and written at positions. Tests use this seam to record writes and replay any subset of them, as a crash would leave it. */
export interface PageFile {
  readonly path: string;
  sizeBytes(): number;
  /** Fills `target` or throws `file.truncated`. */
  read(target: Uint8Array, position: number): void;
  write(source: Uint8Array, position: number): void;
  /** Resolves once everything written before is durable. */
  sync(): Promise<void>;
  close(): void;
}

/** Opens a file for positional access. `create` refuses an existing file. */
export function openPageFile(path: string, access: 'read' | 'write' | 'create'): PageFile {
  try {
    return new DiskPageFile(
      path,
      access === 'create' ? openSync(path, 'wx+') : openRegularFile(path, access === 'read' ? 'r' : 'r+'),
    );
  } catch (error) {
    throw fileError(error, access === 'create' ? 'create the file' : 'open the file', path);
  }
}

class DiskPageFile implements PageFile {
  readonly path: string;
  private readonly descriptor: number;
  private isDirty = false;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.descriptor = descriptor;
  }

  sizeBytes(): number {
    return this.guard('measure the file', () => fstatSync(this.descriptor).size);
  }

  read(target: Uint8Array, position: number): void {
    const done = this.guard('read the file', () => {
      let count = 0;
      for (let last = 1; last > 0 && count < target.length; count += last) {
        last = readSync(this.descriptor, target, count, target.length - count, position + count);
      }
      return count;
    });
    if (done < target.length) throw truncated(this.path, position + done);
  }

  write(source: Uint8Array, position: number): void {
    this.isDirty = true;
    this.guard('write the file', () => {
      for (let done = 0; done < source.length; ) {
        done += writeSync(this.descriptor, source, done, source.length - done, position + done);
      }
    });
  }

  async sync(): Promise<void> {
    if (!this.isDirty) return;
    await atFile('flush the file', this.path, () => fsyncAsync(this.descriptor));
    this.isDirty = false;
  }

  close(): void {
    this.guard('close the file', () => closeSync(this.descriptor));
  }

  private guard<T>(what: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw fileError(error, what, this.path);
    }
  }
}

export function truncated(file: string, offset: number): GraphkeepError {
  return new GraphkeepError('file.truncated', 'the file ends inside a page of the tree', { place: { file, offset } });
}
