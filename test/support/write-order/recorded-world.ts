import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeDirectory } from '../corpus/unpack-corpus.ts';
import { FileRecorder } from './file-recorder.ts';
import type { RecordedCommand } from './recorded-commands.ts';

/**
 * The recorder, and everything that it records. A test file imports only this: the code under test is loaded after the recorder, because
 * some of it keeps the functions that it finds.
 */
export class RecordedWorld {
  readonly recorder: FileRecorder;
  readonly commands: readonly RecordedCommand[];
  /** The directory in which commands are prepared and recorded. */
  readonly root: string;
  private readonly scratch: string;
  private readonly stop: () => Promise<void>;

  private constructor(
    recorder: FileRecorder,
    commands: readonly RecordedCommand[],
    scratch: string,
    stop: () => Promise<void>,
  ) {
    this.recorder = recorder;
    this.commands = commands;
    this.scratch = scratch;
    this.root = join(scratch, 'root');
    this.stop = stop;
  }

  /** {@link end} must follow. */
  static async make(): Promise<RecordedWorld> {
    const recorder = await FileRecorder.install();
    const { RecordedCommands } = await import('./recorded-commands.ts');
    const { recordDatabases } = await import('./recorded-database.ts');
    // In memory: what a disk would lose is modelled, and a real one is slow to flush.
    const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'graphkeep-recorded-'));
    const commands = await RecordedCommands.prepare(scratch);
    const all = [...commands.list, ...(await recordDatabases(scratch, recorder))];
    return new RecordedWorld(recorder, all, scratch, () => commands.end());
  }

  async end(): Promise<void> {
    this.recorder.uninstall();
    await this.stop();
    await removeDirectory(this.scratch);
  }
}
