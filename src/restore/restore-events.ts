import type { CheckEvent } from '../check/check-events.ts';

/** How far a restore, a dump or a load is. */
export type RestoreEvent =
  /** As many will be copied. */
  | { kind: 'copy-began'; files: number; bytes: number }
  | { kind: 'file-began'; name: string; bytes: number }
  /** Copied so far; `files` includes the one being copied. */
  | { kind: 'copy-progress'; files: number; bytes: number }
  /** Progress of unpacking, in bytes of the archive. */
  | { kind: 'unpack-progress'; files: number; bytes: number; totalBytes: number }
  | CheckEvent;

/** What goes along with the reading and writing of an archive. */
export interface ArchiveProgress {
  signal: AbortSignal;
  onEvent?: ((event: RestoreEvent) => void) | undefined;
}

/** Counts what is copied, and reports it. */
export class CopyCount {
  private readonly onEvent: (event: RestoreEvent) => void;
  private files = 0;
  private bytes = 0;

  constructor(onEvent: (event: RestoreEvent) => void = () => {}) {
    this.onEvent = onEvent;
  }

  begin(total: { files: number; bytes: number }): void {
    this.onEvent({ kind: 'copy-began', ...total });
  }

  readonly file = (name: string, bytes: number): void => {
    this.files++;
    this.onEvent({ kind: 'file-began', name, bytes });
  };

  readonly count = (bytes: number): void => {
    this.bytes += bytes;
    this.onEvent({ kind: 'copy-progress', files: this.files, bytes: this.bytes });
  };
}
