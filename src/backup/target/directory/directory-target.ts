import type { ErrorPlace } from '../../../base/errors.ts';
import { recogniseStore } from '../../../store/files/store-recognition.ts';
import { describeUnsupported } from '../../../store/files/supported-store.ts';
import type { BackupTarget, ContinuedBackup, FullBackup } from '../backup-target.ts';
import { ContinuedDirectory } from './continued-directory.ts';
import type { DirectoryRun, DirectoryTargetOptions } from './directory-run.ts';
import { FullDirectory } from './full-directory.ts';
import { TargetDirectory } from './target-directory.ts';

/**
 * A directory on which a server can be started: each backup replays its transactions at once, so the directory is as after a clean
 * shutdown. `target-directory.ts` describes the sequence of its states.
 */
export class DirectoryTarget implements BackupTarget {
  private readonly run: DirectoryRun;

  private constructor(run: DirectoryRun) {
    this.run = run;
  }

  /** Takes the lock for the whole command. Throws what {@link TargetDirectory.open} throws. */
  static async open(path: string, options: DirectoryTargetOptions): Promise<DirectoryTarget> {
    return new DirectoryTarget({ ...options, directory: await TargetDirectory.open(path, options.onEvent) });
  }

  get location(): string {
    return this.run.directory.path;
  }

  async holdsBackup(): Promise<boolean> {
    const { directory } = this.run;
    const state = await directory.state();
    if (state === 'foreign') throw directory.foreign();
    if (state === 'absent') return false;
    // A store of another release is not ours, so a full backup must not move it aside; a damaged or incomplete one may be moved.
    const store = await recogniseStore(directory.path);
    if (store.kind === 'other') throw describeUnsupported(store, directory.path);
    return true;
  }

  beginFullBackup(from: ErrorPlace): Promise<FullBackup> {
    return FullDirectory.begin(this.run, from);
  }

  continueBackup(signal: AbortSignal): Promise<ContinuedBackup> {
    return ContinuedDirectory.open(this.run, signal);
  }

  close(): Promise<void> {
    return this.run.directory.close();
  }
}
