import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  makeTemporaryDirectory,
  removeDirectory,
  unpackCorpus,
} from '../../../../test/support/corpus/unpack-corpus.ts';
import { pretendMounts } from '../../../../test/support/faults/pretended-mounts.ts';
import { patchMetadataIn } from '../../../store/files/neostore-metadata.ts';
import type { TargetEvent } from '../target-events.ts';
import { TargetDirectory } from './target-directory.ts';

let stores: string;
let parent: string;
let path: string;
let events: TargetEvent[];

beforeAll(async () => {
  stores = await makeTemporaryDirectory();
  await unpackCorpus('stores/3.4.9-empty.tar.gz', stores);
});
afterAll(() => removeDirectory(stores));

beforeEach(async () => {
  parent = await makeTemporaryDirectory();
  path = join(parent, 'db');
  events = [];
});

afterEach(() => removeDirectory(parent));

/** A complete store that contains `mark`. */
function makeBackup(at: string, mark: string): void {
  cpSync(join(stores, 'graph.db'), at, { recursive: true });
  mkdirSync(join(at, 'schema'));
  writeFileSync(join(at, 'mark'), mark);
}

const markOf = (at: string) => readFileSync(join(at, 'mark'), 'utf8');
const namesIn = (directory: string) => readdirSync(directory).sort();
const modeOf = (at: string) => (statSync(at).mode & 0o777).toString(8);
const open = (at = path) => TargetDirectory.open(at, (event) => events.push(event));

async function publish(mark: string, at = path): Promise<string | undefined> {
  const target = await open(at);
  try {
    makeBackup(await target.beginFullCopy(), mark);
    return await target.publish();
  } finally {
    await target.close();
  }
}

async function openAndClose(at = path): Promise<string> {
  const target = await open(at);
  const state = await target.state();
  await target.close();
  return state;
}

describe('a target directory', () => {
  it('a target directory is published by one rename, and leaves nothing else', async () => {
    expect(await publish('new')).toBeUndefined();
    expect(readdirSync(parent)).toEqual(['db']);
    expect(markOf(path)).toBe('new');
  });

  it('a target directory takes the place of an empty directory', async () => {
    mkdirSync(path);
    expect(await publish('new')).toBeUndefined();
    expect(markOf(path)).toBe('new');
  });

  it('a target directory moves old backups aside under the first free number', async () => {
    for (const mark of ['a', 'b', 'c']) await publish(mark);
    expect([markOf(path), markOf(`${path}.err.0`), markOf(`${path}.err.1`)]).toEqual(['c', 'a', 'b']);
    expect(namesIn(parent)).toEqual(['db', 'db.err.0', 'db.err.1']);
  });

  it('a target directory reports when all numbers are taken; the finished backup is kept, named and blocks nothing', async () => {
    makeBackup(path, 'old');
    for (let n = 0; n < 1000; n++) symlinkSync('nowhere', `${path}.err.${n}`);
    const target = await open();
    makeBackup(await target.beginFullCopy(), 'new');
    await expect(target.publish()).rejects.toMatchObject({ code: 'usage', observed: '1000 directories db.err.<N>' });
    await target.close();
    expect(markOf(path)).toBe('old');
    expect(await openAndClose()).toBe('backup');
    const kept = join(`${path}.graphkeep-unpublished.0`, 'ready');
    expect(markOf(kept)).toBe('new');
    expect(events).toMatchObject([{ kind: 'finished-backup-set-aside', backup: kept }]);
    events = [];
    expect(await openAndClose()).toBe('backup');
    expect(events).toEqual([]);
  });

  it.each([
    ['nothing but scratch', () => {}, undefined, undefined],
    ['a finished copy, no old one', () => makeBackup(join(`${path}.graphkeep-work`, 'ready'), 'new'), 'new', undefined],
    [
      'a finished copy and the old one',
      () => {
        makeBackup(path, 'old');
        makeBackup(join(`${path}.graphkeep-work`, 'ready'), 'new');
      },
      'new',
      'old',
    ],
  ])('a target directory can be opened after a kill that left %s', async (_what, leave, expected, aside) => {
    mkdirSync(join(`${path}.graphkeep-work`, 'store'), { recursive: true });
    writeFileSync(`${path}.graphkeep-lock`, '');
    leave();
    expect(await openAndClose()).toBe(expected === undefined ? 'absent' : 'backup');
    if (expected !== undefined) expect(markOf(path)).toBe(expected);
    if (aside !== undefined) expect(markOf(`${path}.err.0`)).toBe(aside);
    const names = [...(expected === undefined ? [] : ['db']), ...(aside === undefined ? [] : ['db.err.0'])];
    expect(namesIn(parent)).toEqual(names);
    const published = { kind: 'published', path, ...(aside === undefined ? {} : { replaced: `${path}.err.0` }) };
    expect(events).toEqual(expected === undefined ? [] : [published]);
  });

  it('a target directory is opened by one run at a time', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: 'directory.in-use' });
    await first.close();
    await openAndClose();
    expect(readdirSync(parent)).toEqual([]);
  });
});

describe('names beside a target prove nothing', () => {
  const work = () => `${path}.graphkeep-work`;

  const linkIn = (at: string) => {
    mkdirSync(at);
    symlinkSync(parent, join(at, 'ready'));
  };
  const fileIn = (at: string) => {
    mkdirSync(at);
    writeFileSync(join(at, 'store'), 'x');
  };

  it.each<[string, () => void]>([
    ['a file', () => writeFileSync(work(), 'precious')],
    ['a link', () => symlinkSync(parent, work())],
    ['a link that leads nowhere', () => symlinkSync('nowhere', work())],
    ['a backup', () => makeBackup(work(), 'precious')],
    ['a directory with a link in it', () => linkIn(work())],
    ['a directory with a file in it', () => fileIn(work())],
  ])('%s in place of the work directory is refused and stays', async (_what, make) => {
    makeBackup(path, 'old');
    make();
    const before = namesIn(parent);
    await expect(open()).rejects.toMatchObject({ code: 'directory.foreign', place: { file: work() } });
    expect(namesIn(parent)).toEqual(before);
    expect(markOf(path)).toBe('old');
  });

  it.runIf(process.geteuid?.() === 0)('a work directory of another user is refused', async () => {
    mkdirSync(work());
    const { chownSync } = await import('node:fs');
    chownSync(work(), 12345, 12345);
    await expect(open()).rejects.toMatchObject({ code: 'directory.foreign' });
  });

  it.each<[string, (at: string) => void]>([
    ['an empty directory', (at) => mkdirSync(at)],
    ['a file', (at) => writeFileSync(at, '')],
    ['a link', (at) => symlinkSync(parent, at)],
    ['a link that leads nowhere', (at) => symlinkSync('nowhere', at)],
    ['a backup', (at) => makeBackup(at, 'other')],
  ])('%s named .graphkeep-ready never becomes the backup', async (_what, make) => {
    makeBackup(path, 'old');
    make(`${path}.graphkeep-ready`);
    expect(await openAndClose()).toBe('backup');
    expect(markOf(path)).toBe('old');
    expect(namesIn(parent)).toEqual(['db', 'db.graphkeep-ready']);
    expect(events).toEqual([{ kind: 'former-work-directory-found', path: `${path}.graphkeep-ready` }]);
  });

  it.each<[string, (ready: string) => void]>([
    ['empty', (ready) => mkdirSync(ready, { recursive: true })],
    ['older than the target', (ready) => makeBackup(ready, 'new')],
    [
      'without a store file',
      (ready) => {
        makeBackup(ready, 'new');
        rmSync(join(ready, 'neostore.nodestore.db'));
      },
    ],
  ])('a finished copy that is %s does not replace a backup', async (_what, make) => {
    makeBackup(path, 'old');
    patchMetadataIn(path, { lastTransactionId: 100 });
    make(join(work(), 'ready'));
    expect(await openAndClose()).toBe('backup');
    expect(markOf(path)).toBe('old');
    expect(namesIn(parent)).toEqual(['db', 'db.graphkeep-unpublished.0']);
    expect(events).toMatchObject([{ kind: 'finished-backup-set-aside', aside: `${path}.graphkeep-unpublished.0` }]);
  });

  it('a target inside another backup is refused', async () => {
    makeBackup(path, 'old');
    for (const name of ['inner', 'a/b']) {
      await expect(open(join(path, name))).rejects.toMatchObject({ code: 'usage', observed: path });
    }
    expect(namesIn(parent)).toEqual(['db']);
  });
});

describe('a target that is a link', () => {
  it('a target that is a link means what the link leads to', async () => {
    const real = join(parent, 'disk', 'real');
    mkdirSync(join(parent, 'disk'));
    symlinkSync(join('disk', 'real'), path);
    await publish('a');
    await publish('b');
    expect([markOf(real), markOf(path), markOf(`${real}.err.0`)]).toEqual(['b', 'b', 'a']);
    expect(namesIn(parent)).toEqual(['db', 'disk']);
    expect(namesIn(join(parent, 'disk'))).toEqual(['real', 'real.err.0']);
    const first = await open();
    await expect(open(real)).rejects.toMatchObject({ code: 'directory.in-use' });
    await first.close();
  });

  it('a target that is a link to a missing disk is refused', async () => {
    symlinkSync(join(parent, 'disk', 'real'), path);
    await expect(open()).rejects.toMatchObject({ code: 'directory.missing', observed: join(parent, 'disk', 'real') });
    symlinkSync('round', join(parent, 'round'));
    await expect(open(join(parent, 'round'))).rejects.toMatchObject({ code: 'file.io' });
    expect(namesIn(parent)).toEqual(['db', 'round']);
  });
});

describe('a target that cannot be renamed', () => {
  let unmount: () => void;
  beforeEach(() => {
    mkdirSync(path);
    mkdirSync(join(path, 'lost+found'));
    unmount = pretendMounts(path);
  });
  afterEach(() => unmount());

  it('a target that cannot be renamed gets its backups inside', async () => {
    expect(await publish('a')).toBeUndefined();
    expect(markOf(path)).toBe('a');
    expect(await publish('b')).toBe(join(path, '.graphkeep-err.0'));
    expect(await publish('c')).toBe(join(path, '.graphkeep-err.1'));
    expect([markOf(path), markOf(join(path, '.graphkeep-err.0'))]).toEqual(['c', 'a']);
    const names = [
      '.graphkeep-err.0',
      '.graphkeep-err.1',
      'lost+found',
      'mark',
      'schema',
      ...namesIn(join(stores, 'graph.db')),
    ];
    expect(namesIn(path)).toEqual(names.sort());
    expect(namesIn(parent)).toEqual(['db']);
  });

  it('a target that cannot be renamed is locked inside', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: 'directory.in-use' });
    await first.close();
    expect(namesIn(path)).toEqual(['lost+found']);
  });

  it('a target that cannot be renamed continues a publication, whatever a kill has left', async () => {
    makeBackup(join(parent, 'one'), '');
    const names = namesIn(join(parent, 'one')).filter((name) => name !== 'neostore');
    const last = 2 * names.length + 2;
    for (const steps of [0, 1, 2, names.length, names.length + 1, names.length + 2, last - 2, last - 1, last]) {
      rmSync(path, { recursive: true });
      makeBackup(path, 'old');
      makeBackup(join(path, '.graphkeep-work', 'ready'), 'new');
      for (const [from, to] of listRenames(names).slice(0, steps)) renameSync(from, to);
      expect(await openAndClose()).toBe('backup');
      const aside = join(path, '.graphkeep-err.0');
      expect([steps, markOf(path), markOf(aside)]).toEqual([steps, 'new', 'old']);
      expect([steps, ...namesIn(aside)]).toEqual([steps, ...['neostore', ...names].sort()]);
      expect([steps, ...namesIn(path)]).toEqual([steps, '.graphkeep-err.0', ...['neostore', ...names].sort()]);
    }
  });

  /** The renames of a publication, in order. */
  function listRenames(names: readonly string[]): [string, string][] {
    const work = (...parts: string[]) => join(path, '.graphkeep-work', ...parts);
    mkdirSync(work('old'));
    return [
      ...['neostore', ...names].map((name): [string, string] => [join(path, name), work('old', name)]),
      [work('ready'), work('placing')],
      ...[...names, 'neostore'].map((name): [string, string] => [work('placing', name), join(path, name)]),
    ];
  }
});

describe('who may read a backup', () => {
  it('a new backup is for its owner alone', async () => {
    await publish('new');
    expect([modeOf(path), modeOf(join(path, 'schema')), modeOf(join(path, 'neostore'))]).toEqual(['700', '700', '600']);
  });

  it('a backup that replaces another one has its modes, and so have its new files', async () => {
    makeBackup(path, 'old');
    chmodSync(path, 0o750);
    chmodSync(join(path, 'neostore'), 0o640);
    chmodSync(join(path, 'mark'), 0o400);
    const target = await open();
    writeFileSync(join(path, 'new-file'), '');
    mkdirSync(join(path, 'new-folder'));
    rmSync(join(path, 'mark'));
    writeFileSync(join(path, 'mark'), 'old');
    await target.close();
    const modes = ['new-file', 'new-folder', 'mark', 'neostore'].map((name) => modeOf(join(path, name)));
    expect(modes).toEqual(['640', '750', '400', '640']);
    await publish('new');
    expect([modeOf(path), modeOf(join(path, 'mark')), modeOf(join(path, 'schema'))]).toEqual(['750', '640', '750']);
  });

  it.runIf(process.geteuid?.() === 0)(
    'root gives a backup to the owner of what it replaces, or of the parent directory',
    async () => {
      const { chownSync } = await import('node:fs');
      chownSync(parent, 4001, 4002);
      await publish('a');
      const ownerOf = (at: string) => [statSync(at).uid, statSync(at).gid];
      expect([ownerOf(path), ownerOf(join(path, 'neostore'))]).toEqual([
        [4001, 4002],
        [4001, 4002],
      ]);
      for (const name of ['neostore', '']) chownSync(join(path, name), 4003, 4004);
      await publish('b');
      expect([ownerOf(path), ownerOf(join(path, 'mark'))]).toEqual([
        [4003, 4004],
        [4003, 4004],
      ]);
    },
  );
});
