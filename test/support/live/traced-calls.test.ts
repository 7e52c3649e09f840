import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeTemporaryDirectory, removeDirectory } from '../corpus/unpack-corpus.ts';
import { canViewReadOnly, viewedReadOnly } from './read-only-view.ts';
import { canTrace, harmfulCalls, traced, tracedCalls } from './traced-calls.ts';

/** Each does one thing to the file `f`, or makes `g` beside it. */
const deeds: Record<string, string> = {
  'open for writing': 'fs.closeSync(fs.openSync(f, "r+"))',
  create: 'fs.writeFileSync(g, "")',
  truncate: 'fs.truncateSync(f, 0)',
  rename: 'fs.renameSync(f, g)',
  link: 'fs.linkSync(f, g)',
  remove: 'fs.unlinkSync(f)',
  'make a directory': 'fs.mkdirSync(g)',
  'change rights': 'fs.chmodSync(f, 0o600)',
  'change rights of an open file': 'fs.fchmodSync(fs.openSync(f), 0o600)',
  'change times': 'fs.utimesSync(f, 1, 1)',
  'change times of an open file': 'fs.futimesSync(fs.openSync(f), 1, 1)',
  'change the owner': 'fs.chownSync(f, process.getuid(), process.getgid())',
  'copy into it': 'fs.copyFileSync("/proc/self/status", g)',
  lock: 'require("fs-native-extensions").tryLock(fs.openSync(f), 0, 0, { shared: true })',
};

/** A folder with a file for each deed, and one for traces. */
async function makeFolders(): Promise<{ calls: string; watched: string; folderOf: (deed: string) => string }> {
  const scratch = await makeTemporaryDirectory();
  onTestFinished(() => removeDirectory(scratch));
  const calls = join(scratch, 'calls');
  const watched = join(scratch, 'watched');
  const folderOf = (deed: string) => join(watched, deed.replaceAll(' ', '-'));
  for (const folder of [calls, watched, ...Object.keys(deeds).map(folderOf)]) mkdirSync(folder);
  for (const deed of Object.keys(deeds)) writeFileSync(join(folderOf(deed), 'f'), 'content');
  return { calls, watched, folderOf };
}

/** Does every deed in one process. Returns the codes of the errors, or `done`. */
function doAll(command: string[], folderOf: (deed: string) => string): Record<string, string> {
  const lines = Object.entries(deeds).map(([name, deed]) => {
    const [f, g] = ['f', 'g'].map((file) => JSON.stringify(join(folderOf(name), file)));
    return `{ const f = ${f}, g = ${g}; try { ${deed}; say("${name}", "done") } catch (e) { say("${name}", e.code) } }`;
  });
  const script = `const ends = {}, say = (n, end) => { ends[n] = end };${lines.join('\n')}\nconsole.log(JSON.stringify(ends))`;
  return JSON.parse(runScript(command, script));
}

function runScript(command: string[], script: string): string {
  const [program, ...args] = [...command, process.execPath, '-e', script];
  const env = { ...process.env, NODE_PATH: join(import.meta.dirname, '../../../node_modules') };
  return execFileSync(program!, args, { cwd: '/', env, encoding: 'utf8' });
}

if (canTrace) {
  it('each way to change or lock a file is found among the traced calls', async () => {
    const { calls, folderOf } = await makeFolders();
    expect(new Set(Object.values(doAll(traced(calls), folderOf)))).toEqual(new Set(['done']));
    const found = Object.keys(deeds).filter((deed) => harmfulCalls(calls, `${folderOf(deed)}/`).length > 0);
    expect(found).toEqual(Object.keys(deeds));
  });

  it('reading, copying away and forcing to disk are harmless, and are traced', async () => {
    const { calls, watched, folderOf } = await makeFolders();
    const from = JSON.stringify(join(folderOf('lock'), 'f'));
    const script = [
      `fs.readFileSync(${from}); fs.readdirSync(${JSON.stringify(watched)}); fs.fdatasyncSync(fs.openSync(${from}))`,
      `fs.copyFileSync(${from}, ${JSON.stringify(join(calls, '..', 'copy'))}); fs.watch(${from}).close()`,
    ];
    runScript(traced(calls), script.join(';'));
    expect(harmfulCalls(calls, watched)).toEqual([]);
    const names = tracedCalls(calls).flatMap((line) => (line.includes(watched) ? [line.split('(')[0]] : []));
    expect(names).toEqual(expect.arrayContaining(['getdents64', 'fdatasync', 'inotify_add_watch']));
  });
}

if (canViewReadOnly) {
  it('nothing but a lock is possible in a read-only view, and elsewhere the directory stays writable', async () => {
    const { watched, folderOf } = await makeFolders();
    const { lock, ...others } = doAll(viewedReadOnly(watched), folderOf);
    expect([lock, ...new Set(Object.values(others))]).toEqual(['done', 'EROFS']);
    writeFileSync(join(folderOf('lock'), 'f'), 'other content');
  });
}
