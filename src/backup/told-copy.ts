import type { CopyReceiver, FileReceiver, StoreFileStream } from '../source/backup-source.ts';
import type { CopyEvent } from './backup-events.ts';

/** Reports the files of a copy on their way to a target, and counts them. */
export class ToldCopy implements CopyReceiver {
  files = 0;
  bytes = 0;
  private readonly target: CopyReceiver;
  private readonly onEvent: (event: CopyEvent) => void;

  constructor(target: CopyReceiver, onEvent: (event: CopyEvent) => void) {
    this.target = target;
    this.onEvent = onEvent;
  }

  filesAnnounced(announced: { files: number; indexes: number }): void {
    this.onEvent({ kind: 'files-announced', ...announced });
    this.target.filesAnnounced?.(announced);
  }

  genericIndexes(minorVersion: number): void {
    this.target.genericIndexes?.(minorVersion);
  }

  async openFile(stream: StoreFileStream): Promise<FileReceiver> {
    const { name } = stream;
    this.onEvent({ kind: 'file-began', name });
    const file = await this.target.openFile(stream);
    let size = 0;
    let hasEnded = false;
    const resize = (to: number): void => {
      this.bytes += to - size;
      size = to;
    };
    const advance = (to: number): void => {
      resize(to);
      this.onEvent({ kind: 'file-progress', name, bytes: size, ...this.copied });
    };
    return {
      bytes: (chunk) => {
        advance(size + chunk.length);
        return file.bytes(chunk);
      },
      clone: async (path, mostBytes) => {
        const taken = await file.clone?.(path, mostBytes);
        if (taken !== undefined) advance(taken);
        return taken;
      },
      restart: () => {
        advance(0);
        return file.restart();
      },
      end: () => {
        hasEnded = true;
        this.files++;
        this.onEvent({ kind: 'file-ended', name, bytes: size, ...this.copied });
        return file.end();
      },
      discard: () => {
        resize(0);
        if (hasEnded) this.files--;
        this.onEvent({ kind: 'file-dropped', name, ...this.copied });
        return file.discard();
      },
    };
  }

  private get copied(): { copiedFiles: number; copiedBytes: number } {
    return { copiedFiles: this.files, copiedBytes: this.bytes };
  }
}
