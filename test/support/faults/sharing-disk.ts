import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { corpusPath } from '../corpus/unpack-corpus.ts';
import { canMount } from './small-disk.ts';

/** A disk of 32 MB whose files can share blocks (XFS). */
export class SharingDisk {
  private readonly path: string;
  private readonly image: string;

  private constructor(path: string, image: string) {
    this.path = path;
    this.image = image;
  }

  /** @param path an empty directory */
  static mount(path: string): SharingDisk {
    const image = mkdtempSync(join(tmpdir(), 'graphkeep-disk-'));
    try {
      const file = join(image, 'xfs.img');
      writeFileSync(file, brotliDecompressSync(readFileSync(corpusPath('disks/xfs.img.br'))));
      execFileSync('mount', ['-t', 'xfs', '-o', 'loop,nouuid', file, path], { stdio: 'pipe' });
      return new SharingDisk(path, image);
    } catch (error) {
      rmSync(image, { recursive: true });
      throw error;
    }
  }

  unmount(): void {
    execFileSync('umount', [this.path], { stdio: 'pipe' });
    rmSync(this.image, { recursive: true });
  }
}

/** Whether such a disk can be mounted here: by root, where the system has the file system and loop devices. */
export const canShareBlocks = canMount && tryToMount();

function tryToMount(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'graphkeep-disk-'));
  try {
    SharingDisk.mount(path).unmount();
    return true;
  } catch {
    // The reason does not matter: the tests are made elsewhere.
    return false;
  } finally {
    rmSync(path, { recursive: true });
  }
}
