import { readdirSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runGraphkeep } from '../../src/cli/graphkeep/front.ts';
import { runNeo4jAdmin } from '../../src/cli/neo4j-admin/front.ts';
import { patchMetadataIn } from '../../src/store/files/neostore-metadata.ts';
import { encodeStoreVersion } from '../../src/store/files/store-version.ts';
import { World } from '../support/commands/world.ts';
import { CorruptionLab, loadCorruptions } from '../support/corpus/corruptions.ts';
import { unpackStore } from '../support/corpus/golden-store.ts';

let world: World;
let lab: CorruptionLab;
beforeAll(async () => {
  lab = await CorruptionLab.open();
});
afterAll(() => lab.close());
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

const corrupted = (id: string) => lab.apply(loadCorruptions().find((corruption) => corruption.id === id)!);
const reportArgument = () => `--report-dir=${world.path('report')}`;
const reports = () => readdirSync(world.path('report'));
const readReport = () => readFileSync(world.path('report', reports()[0]!), 'utf8');

async function run(front: typeof runGraphkeep, args: string[]) {
  world.stdout = '';
  world.stderr = '';
  const exitCode = await front(args, world.context());
  return { exitCode, stdout: world.stdout, stderr: world.stderr };
}

const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000 /gm;

function formatLines(store: string): string {
  const source = 'INFO [o.n.k.i.s.f.RecordFormatSelector]';
  const name = 'RecordFormat:StandardV3_4[v0.A.9]';
  const selected = `${source} Selected ${name} record format from store ${store}\n`;
  return `${selected}${source} Format not configured. Selected format from the store: ${name}\n`;
}

describe('neo4j-admin check-consistency', () => {
  const check = async (store: string, ...more: string[]) => {
    const result = await run(runNeo4jAdmin, ['check-consistency', `--backup=${store}`, reportArgument(), ...more]);
    return { ...result, stdout: result.stdout.replace(TIME, '') };
  };

  it('neo4j-admin check-consistency prints the format of a consistent store', async () => {
    const store = await corrupted('base34/none');
    expect(await check(store)).toEqual({ exitCode: 0, stdout: formatLines(store), stderr: '' });
    expect(reports()).toEqual([]);
    const { stdout } = await check(store, '--verbose');
    expect(stdout).toContain('INFO [o.n.c.ConsistencyCheckService] === nodes ===\n');
  });

  it('neo4j-admin check-consistency checks a database of this server', async () => {
    const store = world.database('graph.db');
    await cp(await corrupted('base34/none'), store, { recursive: true });
    const result = await run(runNeo4jAdmin, ['check-consistency', reportArgument()]);
    expect({ ...result, stdout: result.stdout.replace(TIME, '') }).toEqual({
      exitCode: 0,
      stdout: formatLines(store),
      stderr: '',
    });
  });

  it('neo4j-admin check-consistency prints every entry of the report as a log line, and ends with 1', async () => {
    const store = await corrupted('base34/grp-07');
    const { exitCode, stdout, stderr } = await check(store);
    const path = world.path('report', reports()[0]!);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(`command failed: Inconsistencies found. See '${path}' for details.\n`);
    const service = '[o.n.c.ConsistencyCheckService]';
    const logged = readReport()
      .replace(/^ERROR: /gm, `ERROR ${service} `)
      .replace(/^WARN : /gm, `WARN ${service} `);
    const end = `WARN ${service} See '${path}' for a detailed consistency report.\n`;
    expect(stdout).toBe(`${formatLines(store)}${logged}${end}`);
    expect(logged).toContain('The first relationship group record has another node set as owner.\n\tNode[');
  });

  it('neo4j-admin check-consistency is content with warnings, but reports them', async () => {
    const { exitCode, stdout, stderr } = await check(await corrupted('base35/lss-06'));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/WARN \[o\.n\.c\.ConsistencyCheckService\] See '.*' for a detailed consistency report\.\n$/);
    expect(readReport()).toBe('WARN : Label index was not properly shutdown and rebuild is required.\n');
  });

  it('neo4j-admin check-consistency takes its flags from the command line, then from the configuration', async () => {
    const store = await corrupted('base35/rel-06');
    expect((await check(store, '--check-graph=false')).exitCode).toBe(0);
    await world.configure('tools.consistency_checker.check_graph=false\n');
    expect((await check(store)).exitCode).toBe(0);
    expect((await check(store, '--check-graph=true')).exitCode).toBe(1);
  });

  it('neo4j-admin check-consistency refuses a store that has to be recovered', async () => {
    const store = await unpackStore('3.5.34-standard-dirty', world.path('backup'), 'recovery');
    const { exitCode, stderr } = await check(store);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      'command failed: Active logical log detected, this might be a source of inconsistencies.\n' +
        'Please recover database before running the consistency check.\n' +
        'To perform recovery please start database and perform clean shutdown.\n',
    );
  });

  it('neo4j-admin check-consistency refuses a store without one of its files, and a missing report directory', async () => {
    const store = await corrupted('base35/met-04');
    expect(await check(store)).toMatchObject({
      exitCode: 1,
      stderr: `unexpected error: Store file not found: ${store}/neostore.relationshipstore.db\n`,
    });
    const missing = world.path('missing');
    expect(
      await run(runNeo4jAdmin, ['check-consistency', `--backup=${store}`, `--report-dir=${missing}`]),
    ).toMatchObject({ exitCode: 1, stderr: `command failed: Directory '${missing}' does not exist.\n` });
  });
});

describe('graphkeep check', () => {
  const check = (store: string, ...more: string[]) => run(runGraphkeep, ['check', store, reportArgument(), ...more]);

  it('graphkeep check says that a store is consistent', async () => {
    const store = await corrupted('base35/none');
    const { exitCode, stdout, stderr } = await check(store);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [phase, ...verdict] = stdout.split('\n');
    expect(phase).toMatch(/^checking: [\d.]+ MB in /);
    expect(verdict).toEqual([`${store} is consistent.`, '']);
    expect(reports()).toEqual([]);
  });

  it('graphkeep check names what is wrong, and ends with 3', async () => {
    const store = await corrupted('base35/node-08');
    const { exitCode, stdout, stderr } = await check(store);
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: '' });
    expect(stdout).toContain(`${store} is inconsistent: 5 errors, 0 warnings.\n`);
    expect(stdout).toContain('  2 x error counts.inconsistentNodeCount: The node count does not correspond');
    expect(stdout).toContain(`\nReport: ${world.path('report', reports()[0]!)}\n`);
  });

  it('graphkeep check tells programs everything about each finding', async () => {
    const { exitCode, stdout } = await check(await corrupted('base35/lss-01'), '--json');
    expect(exitCode).toBe(3);
    const events = stdout.trimEnd().split('\n');
    expect(JSON.parse(events.at(-1)!)).toMatchObject({
      event: 'report',
      command: 'check',
      consistent: false,
      errors: 1,
      warnings: 0,
      byKind: { 'labelScan.nodeLabelNotInIndex': 1 },
      reportPath: world.path('report', reports()[0]!),
      findings: [
        {
          kind: 'labelScan.nodeLabelNotInIndex',
          severity: 'error',
          origin: 'both',
          file: 'neostore.labelscanstore.db',
          offset: expect.any(Number),
          record: expect.any(Number),
          expected: expect.stringMatching(/^node \d+ with label \d+$/),
          found: expect.stringMatching(/^node \d+ without label \d+$/),
        },
      ],
      findingsLeftOut: 0,
    });
  });

  it('graphkeep check checks who owns properties, unless that is not wanted', async () => {
    const store = await corrupted('base35/node-20');
    expect((await check(store)).stdout).toContain('primitive.multipleOwners');
    expect((await check(store, '--no-property-owners')).stdout).not.toContain('primitive.multipleOwners');
  });

  it('graphkeep check ends with 2 for what it cannot check, with 1 for wrong usage', async () => {
    expect((await check(world.path('missing'))).exitCode).toBe(2);
    expect((await check(await corrupted('base35/met-01'))).exitCode).toBe(2);
    expect((await check(await unpackStore('3.5.34-standard-dirty', world.path('backup'), 'recovery'))).exitCode).toBe(
      2,
    );
    await world.lockDatabase('graph.db');
    const locked = await check(world.database('graph.db'));
    expect(locked.exitCode).toBe(2);
    expect(locked.stderr).toContain('in use');
    expect((await run(runGraphkeep, ['check'])).exitCode).toBe(1);
    expect((await check('x', '--bogus')).exitCode).toBe(1);
  });

  it('graphkeep check has a code for a store that it can read but not check in full', async () => {
    const store = await corrupted('base35/none');
    // As by a release before 3.4, whose label scan store and indexes have other formats.
    patchMetadataIn(store, { storeVersion: encodeStoreVersion('v0.A.8') });
    const { exitCode, stdout } = await check(store, '--json');
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ event: 'error', code: 'check.failed' });
  });
});
