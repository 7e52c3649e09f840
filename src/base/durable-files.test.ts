import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  copyFileDurably,
  copyTree,
  makeDirectory,
  removeTree,
  renameDurably,
  replaceDurably,
  statIfExists,
  syncTree,
  writeFileDurably,
} from './durable-files.ts';
import { hasCode } from './errors.ts';

let root: string;
const at = (...names: string[]) => join(root, ...names);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'graphkeep-files-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function makeTree(): void {
  mkdirSync(at('from', 'schema', 'index'), { recursive: true });
  mkdirSync(at('from', 'empty'));
  writeFileSync(at('from', 'neostore'), 'key');
  writeFileSync(at('from', 'schema', 'index', 'tree'), Buffer.alloc(3_000_000, 7));
}

describe('makeDirectory', () => {
  it('makeDirectory makes the missing parents too', async () => {
    await makeDirectory(at('a', 'b', 'c'));
    await makeDirectory(at('a', 'b', 'c'));
    expect(existsSync(at('a', 'b', 'c'))).toBe(true);
  });

  it.runIf(process.platform === 'linux')('makeDirectory fails where nothing can be created', async () => {
    await expect(makeDirectory('/proc/graphkeep/below')).rejects.toMatchObject({ code: 'file.io' });
  });

  it('makeDirectory reports a file in the way', async () => {
    writeFileSync(at('file'), '');
    await expect(makeDirectory(at('file', 'below'))).rejects.toMatchObject({ code: 'file.io' });
  });
});

describe('copyTree', () => {
  it('copyTree copies files, empty directories and the targets of links', async () => {
    makeTree();
    symlinkSync(at('from', 'neostore'), at('from', 'linked'));
    const seen: string[] = [];
    let bytes = 0;
    const total = await copyTree(at('from'), at('to'), {
      onFile: (relative) => seen.push(relative),
      onBytes: (count) => {
        bytes += count;
      },
    });
    expect(seen).toEqual(['linked', 'neostore', 'schema/index/tree']);
    expect(total).toEqual({ files: 3, bytes: 3_000_006 });
    expect(bytes).toBe(3_000_006);
    expect(existsSync(at('to', 'empty'))).toBe(true);
    expect(readFileSync(at('to', 'linked'), 'utf8')).toBe('key');
    expect(
      readFileSync(at('to', 'schema', 'index', 'tree')).equals(readFileSync(at('from', 'schema', 'index', 'tree'))),
    ).toBe(true);
  });

  it('copyTree leaves out what is not included, with everything below it', async () => {
    makeTree();
    await copyTree(at('from'), at('to'), { include: (relative) => relative !== 'schema' && relative !== 'neostore' });
    expect(readdirSync(at('to'))).toEqual(['empty']);
  });

  it('copyTree refuses a link that leads out of the tree', async () => {
    makeTree();
    writeFileSync(at('secret'), 'x');
    symlinkSync(at('secret'), at('from', 'schema', 'linked'));
    await expect(copyTree(at('from'), at('to'))).rejects.toMatchObject({ code: 'file.io', observed: at('secret') });
    expect(existsSync(at('to', 'schema', 'linked'))).toBe(false);
  });

  it('copyTree refuses a loop of links and special files', async () => {
    makeTree();
    symlinkSync(at('from'), at('from', 'schema', 'loop'));
    await expect(copyTree(at('from'), at('to'))).rejects.toThrow('a link leads back to its own parent');
    rmSync(at('from', 'schema', 'loop'));
    execFileSync('mkfifo', [at('from', 'pipe')]);
    await expect(copyTree(at('from'), at('to'))).rejects.toThrow('neither a file nor a directory');
  });

  it('copyTree stops between two chunks when it is cancelled', async () => {
    makeTree();
    const controller = new AbortController();
    await expect(
      copyTree(at('from'), at('to'), { signal: controller.signal, onBytes: () => controller.abort() }),
    ).rejects.toSatisfy((error) => hasCode(error, 'cancelled'));
    expect(existsSync(at('to', 'schema', 'index', 'tree'))).toBe(false);
  });

  it('copyTree names the file it cannot read', async () => {
    await expect(copyTree(at('absent'), at('to'))).rejects.toMatchObject({
      code: 'file.io',
      place: { file: at('absent') },
    });
  });
});

describe('single files', () => {
  it('writeFileDurably replaces in one step and leaves nothing beside', async () => {
    await writeFileDurably(at('a'), 'one');
    await writeFileDurably(at('a'), 'two');
    expect(readFileSync(at('a'), 'utf8')).toBe('two');
    mkdirSync(at('taken', 'inner'), { recursive: true });
    await expect(writeFileDurably(at('taken'), 'x')).rejects.toSatisfy((error) => hasCode(error, 'file.io'));
    expect(readdirSync(root).sort()).toEqual(['a', 'taken']);
  });

  it('copyFileDurably cuts an older, longer target', async () => {
    writeFileSync(at('a'), 'new');
    writeFileSync(at('b'), 'much older and longer');
    expect(await copyFileDurably(at('a'), at('b'))).toBe(3);
    expect(readFileSync(at('b'), 'utf8')).toBe('new');
  });

  it('a full disk is an error with the place and the reason', async () => {
    writeFileSync(at('a'), 'new');
    await expect(copyFileDurably(at('a'), '/dev/full')).rejects.toMatchObject({
      code: 'file.io',
      place: { file: '/dev/full' },
      observed: expect.stringContaining('ENOSPC'),
    });
  });
});

describe('trees', () => {
  it('makeDirectory, syncTree, renameDurably and removeTree work on whole trees', async () => {
    await makeDirectory(at('x', 'y', 'z'));
    await makeDirectory(at('x', 'y', 'z'));
    writeFileSync(at('x', 'y', 'file'), 'kept');
    symlinkSync(at('outside'), at('x', 'link'));
    writeFileSync(at('outside'), 'not ours');
    await syncTree(at('x'));
    await renameDurably(at('x'), at('w'));
    expect(await statIfExists(at('x'))).toBeUndefined();
    expect((await statIfExists(at('w', 'y', 'file')))!.size).toBe(4);
    await removeTree(at('w'));
    await removeTree(at('w'));
    expect(readdirSync(root)).toEqual(['outside']);
  });

  it('replaceDurably exchanges two directories', async () => {
    makeTree();
    mkdirSync(at('other'));
    writeFileSync(at('other', 'mark'), '');
    await replaceDurably(at('other'), at('from'), at('aside'));
    expect(readdirSync(at('from'))).toEqual(['mark']);
    expect(readdirSync(at('other'))).toContain('neostore');
    await expect(replaceDurably(at('other'), at('absent'), at('aside'))).rejects.toSatisfy((error) =>
      hasCode(error, 'file.io'),
    );
    expect(readdirSync(at('other'))).toContain('neostore');
  });

  it('removeTree removes a link, not what it points to', async () => {
    makeTree();
    symlinkSync(at('from'), at('link'));
    await removeTree(at('link'));
    expect(existsSync(at('from', 'neostore'))).toBe(true);
    expect(existsSync(at('link'))).toBe(false);
  });
});
