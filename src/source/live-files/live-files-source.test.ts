import { cpSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeBackupSource, type SourceWorld } from '../../../test/support/conformance/backup-source.ts';
import { makeTemporaryDirectory, removeDirectory } from '../../../test/support/corpus/unpack-corpus.ts';
import { type GeneratedHistory, generateHistory } from '../../../test/support/history/generated-history.ts';
import { CopyRecorder } from '../../../test/support/servers/copy-recorder.ts';
import { LogWriter } from '../../log/v3/log-writer.ts';
import { formatByVersion } from '../../store/files/store-format.ts';
import { listLiveFiles } from './live-file-list.ts';
import { LiveFilesSource } from './live-files-source.ts';

/** The version of the first log file; a new one for each state of the log, as if the server had rotated and pruned. */
const FIRST_LOG = 3;

/** A directory with the files of a history, as a server leaves it at any moment: old store files, and a log that has all. */
class FilesWorld implements SourceWorld {
  readonly absence = 'backup.missing';
  readonly files: ReadonlyMap<string, Buffer>;
  private readonly history: GeneratedHistory;
  private readonly root: string;
  private last: number;
  private pruned: number;

  constructor(history: GeneratedHistory, root: string) {
    this.history = history;
    this.root = root;
    this.last = history.checkPoint;
    this.pruned = 1;
    mkdirSync(this.logDirectory);
    cpSync(history.folder, this.directory, { recursive: true });
    for (const name of readdirSync(this.directory)) {
      if (name.startsWith('neostore.transaction.db.')) rmSync(join(this.directory, name));
    }
    const { records, metadata, derived } = listLiveFiles(this.directory, formatByVersion(history.storeId.storeVersion));
    const counts = readdirSync(this.directory).filter((name) => name.startsWith('neostore.counts.db.'));
    expect([counts.length, derived]).toEqual([1, { labelScan: undefined, indexes: [] }]);
    const countsFile = { name: counts[0]!, path: join(this.directory, counts[0]!), alignment: 1 };
    const listed = [...records, metadata, countsFile];
    const whole = (bytes: Buffer, alignment: number) => bytes.subarray(0, bytes.length - (bytes.length % alignment));
    this.files = new Map(listed.map(({ name, path, alignment }) => [name, whole(readFileSync(path), alignment)]));
    this.writeLog();
  }

  get directory(): string {
    return join(this.root, 'graph.db');
  }

  get logDirectory(): string {
    return join(this.root, 'logs');
  }

  get newest(): number {
    return this.last;
  }
  set newest(id: number) {
    this.last = id;
    this.writeLog();
  }

  get prunedTo(): number {
    return this.pruned;
  }
  set prunedTo(id: number) {
    this.pruned = id;
    this.writeLog();
  }

  openSource(): LiveFilesSource {
    return new LiveFilesSource({ directory: this.directory, logDirectory: this.logDirectory });
  }

  countOpen(): number {
    const targets = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        // Closed since it was listed.
        return '';
      }
    });
    return targets.filter((target) => target.startsWith(this.root)).length;
  }

  async vanish(): Promise<void> {
    rmSync(this.directory, { recursive: true });
  }

  async stop(): Promise<void> {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** A log with the check point of the files before their first transaction, and rotations between the others. */
  private writeLog(): void {
    const made = join(this.root, 'logs.new');
    mkdirSync(made);
    const writer = LogWriter.create(made, FIRST_LOG, this.pruned);
    const { checkPoint, transactions } = this.history;
    if (this.pruned <= checkPoint) writer.appendCheckPoint();
    for (const { id, bytes } of transactions) {
      if (id <= this.pruned || id > this.last) continue;
      writer.appendRaw(bytes, id);
      if (id % 4 === 0) writer.rotateNow();
    }
    writer.close();
    rmSync(this.logDirectory, { recursive: true });
    renameSync(made, this.logDirectory);
  }
}

describeBackupSource('LiveFilesSource', async (history) => new FilesWorld(history, await makeTemporaryDirectory()), {
  hasPeer: false,
});

it('whole files are taken as of the moment when they were opened, even if others have their names by then', async () => {
  const scratch = await makeTemporaryDirectory();
  const history = await generateHistory(join(scratch, 'history'), { nodes: 50, transactions: 3 });
  const world = new FilesWorld(history, await makeTemporaryDirectory());
  const name = 'neostore.propertystore.db';
  const recorder = new CopyRecorder();
  recorder.takesClones = true;
  recorder.onCall = (kind, file) => {
    if (kind !== 'openFile' || file !== name) return;
    renameSync(join(world.directory, name), join(world.directory, 'moved'));
    writeFileSync(join(world.directory, name), 'another one');
  };
  await world.openSource().fullCopy(recorder, new AbortController().signal);
  expect(recorder.contents[name]!.equals(world.files.get(name)!)).toBe(true);
  // All but the counts, which are read beforehand.
  expect(recorder.clones).toBe([...world.files.values()].filter(({ length }) => length > 0).length - 1);
  await world.stop();
  await removeDirectory(scratch);
});
