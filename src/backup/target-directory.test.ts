import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../../test/support/unpack-corpus.ts';
import { TargetDirectory } from './target-directory.ts';

let parent: string;
let path: string;

beforeEach(async () => {
  parent = await makeTemporaryDirectory();
  path = join(parent, 'db');
});

afterEach(() => removeDirectory(parent));

/** Something that counts as a backup; `mark` tells which. */
function makeBackup(at: string, mark: string): void {
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'neostore'), mark);
}

const markOf = (at: string) => readFileSync(join(at, 'neostore'), 'utf8');

async function publish(mark: string): Promise<string | undefined> {
  const target = await TargetDirectory.open(path);
  try {
    makeBackup(await target.beginFullCopy(), mark);
    return await target.publish();
  } finally {
    await target.close();
  }
}

describe('a target directory', () => {
  it('is published by one rename, and leaves nothing else', async () => {
    expect(await publish('new')).toBeUndefined();
    expect(readdirSync(parent)).toEqual(['db']);
    expect(markOf(path)).toBe('new');
  });

  it('takes the place of an empty directory', async () => {
    mkdirSync(path);
    expect(await publish('new')).toBeUndefined();
    expect(markOf(path)).toBe('new');
  });

  it('moves old ones aside under the first free number', async () => {
    for (const mark of ['a', 'b', 'c']) await publish(mark);
    expect([markOf(path), markOf(`${path}.err.0`), markOf(`${path}.err.1`)]).toEqual(['c', 'a', 'b']);
    expect(readdirSync(parent).sort()).toEqual(['db', 'db.err.0', 'db.err.1']);
  });

  it('says so when all numbers are taken, and publishes once there is one', async () => {
    makeBackup(path, 'old');
    for (let n = 0; n < 1000; n++) writeFileSync(`${path}.err.${n}`, '');
    await expect(publish('new')).rejects.toMatchObject({ code: 'usage', observed: '1000 directories db.err.<N>' });
    expect(markOf(path)).toBe('old');
    await removeDirectory(`${path}.err.7`);
    await (await TargetDirectory.open(path)).close();
    expect([markOf(path), markOf(`${path}.err.7`)]).toEqual(['new', 'old']);
    expect(existsSync(`${path}.graphkeep-ready`)).toBe(false);
  });

  it.each([
    ['nothing but scratch', () => {}, undefined, undefined],
    ['a finished copy, no old one', () => makeBackup(`${path}.graphkeep-ready`, 'new'), 'new', undefined],
    [
      'a finished copy and the old one',
      () => {
        makeBackup(path, 'old');
        makeBackup(`${path}.graphkeep-ready`, 'new');
      },
      'new',
      'old',
    ],
  ])('opened after a kill that left %s', async (_what, leave, expected, aside) => {
    mkdirSync(join(`${path}.graphkeep-work`, 'store'), { recursive: true });
    writeFileSync(`${path}.graphkeep-lock`, '');
    leave();
    const target = await TargetDirectory.open(path);
    expect(await target.state()).toBe(expected === undefined ? 'absent' : 'backup');
    await target.close();
    if (expected !== undefined) expect(markOf(path)).toBe(expected);
    if (aside !== undefined) expect(markOf(`${path}.err.0`)).toBe(aside);
    const names = [...(expected === undefined ? [] : ['db']), ...(aside === undefined ? [] : ['db.err.0'])];
    expect(readdirSync(parent).sort()).toEqual(names);
  });

  it('is opened by one at a time', async () => {
    const first = await TargetDirectory.open(path);
    await expect(TargetDirectory.open(path)).rejects.toMatchObject({ code: 'directory.in-use' });
    await first.close();
    await (await TargetDirectory.open(path)).close();
    expect(readdirSync(parent)).toEqual([]);
  });
});
