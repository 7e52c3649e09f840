import { rmSync } from 'node:fs';
import { openPageFile, type PageFile } from '../page/page-file.ts';

/** A temporary file that sorted runs are appended to and read back from. It exists from the first run on. */
export class RunFile {
  private readonly path: string;
  private file: PageFile | undefined;
  private sizeBytes = 0;

  constructor(path: string) {
    this.path = path;
  }

  get isEmpty(): boolean {
    return this.file === undefined;
  }

  /** Returns where the run begins. */
  append(run: Uint8Array): number {
    if (this.file === undefined) {
      // Left by a run of ours that was killed.
      rmSync(this.path, { force: true });
      this.file = openPageFile(this.path, 'create');
    }
    const start = this.sizeBytes;
    this.file.write(run, start);
    this.sizeBytes += run.length;
    return start;
  }

  read(target: Uint8Array, position: number): void {
    this.file!.read(target, position);
  }

  remove(): void {
    this.file?.close();
    if (this.file !== undefined) rmSync(this.path, { force: true });
    this.file = undefined;
  }
}
