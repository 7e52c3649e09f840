import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { runNeo4jAdmin } from '../../src/cli/neo4j-admin/front.ts';
import { BackupListener } from '../../src/serve/backup-listener.ts';
import { serveStore } from '../../src/serve/database/stopped-store.ts';
import { World } from '../support/commands/world.ts';
import { CorruptionLab, loadCorruptions } from '../support/corpus/corruptions.ts';

/*
 * Promise: a backup is checked before it counts as complete: exit code 3 if it is inconsistent, 2 if that could not be determined. It stays
 * in either case.
 */

let world: World;
let lab: CorruptionLab;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  lab = await CorruptionLab.open();
});
afterAll(() => lab.close());
beforeEach(async () => {
  world = await World.create();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await world.close();
});

/** Serves a store of the corpus with a corruption; returns the address. */
async function serveCorrupted(id: string): Promise<string> {
  const store = await serveStore(await lab.apply(loadCorruptions().find((corruption) => corruption.id === id)!));
  closers.push(() => store.close());
  const listener = await BackupListener.start(store, { listen: { host: '127.0.0.1', port: 0 } });
  closers.push(() => listener.stop());
  return `127.0.0.1:${listener.address.port}`;
}

/** Runs the command with the real backup job. */
async function backUp(from: string, more: string[] = [], reportDir = world.path('report')) {
  const { runBackup: _stand, ...context } = world.context();
  world.stdout = '';
  world.stderr = '';
  const args = [`--backup-dir=${world.path('backup')}`, '--name=b', `--from=${from}`, '--protocol=common'];
  const exitCode = await runNeo4jAdmin(['backup', ...args, `--cc-report-dir=${reportDir}`, ...more], context);
  return { exitCode, stdout: world.stdout, stderr: world.stderr };
}

const backupIsThere = () => existsSync(world.path('backup', 'b', 'neostore'));

describe('a backup of a store that is', () => {
  it('a backup of a store that is sound is complete', async () => {
    const { exitCode, stdout, stderr } = await backUp(await serveCorrupted('base35/none'));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/Backup complete\.\n$/);
    expect(readdirSync(world.path('report'))).toEqual([]);
  });

  it('a backup of an inconsistent store ends with 3 and a report, stays, and is found inconsistent again', async () => {
    const from = await serveCorrupted('base35/rel-06');
    for (const run of ['full', 'incremental']) {
      const { exitCode, stdout, stderr } = await backUp(from);
      expect(exitCode, run).toBe(3);
      expect(stdout).not.toContain('Backup complete.');
      const report = /^command failed: Inconsistencies found\. See '(.*)' for details\.\n$/.exec(stderr)?.[1];
      expect(readFileSync(report!, 'utf8')).toContain('\tNumber of inconsistent RELATIONSHIP records: ');
      expect(backupIsThere()).toBe(true);
    }
  });

  it('a backup of an inconsistent store is complete if nothing, or nothing of that kind, is to be checked', async () => {
    const from = await serveCorrupted('base35/rel-06');
    expect(await backUp(from, ['--check-consistency=false'])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await backUp(from, ['--cc-graph=false'])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  it('a backup of an untidy store is complete, and the user is told where to read on', async () => {
    const { exitCode, stdout, stderr } = await backUp(await serveCorrupted('base35/dyn-04'));
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Backup complete\.\n$/);
    expect(stderr).toMatch(/^The backup is consistent, with 1 warnings\. See '.*\.report' for details\.\n$/);
  });

  it('a backup of a sound store is complete even where no report could be written; an inconsistent one still ends with 3', async () => {
    expect(await backUp(await serveCorrupted('base35/none'), [], '/proc/self')).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
    const other = await serveCorrupted('base35/rel-06');
    await rm(world.path('backup', 'b'), { recursive: true });
    const { exitCode, stderr } = await backUp(other, [], '/proc/self');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('The report of the check is not complete: ');
    expect(stderr).toContain('command failed: Inconsistencies found.\n');
    expect(backupIsThere()).toBe(true);
  });
});

describe('graphkeep backup', () => {
  it('graphkeep backup ends with 3 for an inconsistent store, with the code of the error for programs', async () => {
    const from = await serveCorrupted('base35/node-08');
    const { runBackup: _stand, ...context } = world.context();
    await mkdir(join(world.path('backup'), 'native'));
    const args = ['backup', '--backup-dir', world.path('backup', 'native'), '--name', 'b', '--from', from, '--json'];
    const exitCode = await runGraphkeep([...args, '--cc-report-dir', world.path('report')], context);
    expect(exitCode).toBe(3);
    const last = JSON.parse(world.stdout.trimEnd().split('\n').at(-1)!) as { event: string; code: string };
    expect(last).toMatchObject({ event: 'error', code: 'check.inconsistent' });
  });
});
