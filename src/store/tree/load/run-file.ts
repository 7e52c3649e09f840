import { rmSync } from 'node:fs';
import { openPageFile, type PageFile } from '../page/page-file.ts';

/** A temporary file to which sorted runs are appended and from which they are read back. Created by the first run. */
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

  /** Appends a run and returns its offset. */
  append(run: Uint8Array): number {
    if (this.file === undefined) {
      // May be left from a killed process.
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
