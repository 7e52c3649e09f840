import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runNeo4jAdmin } from '../../src/cli/neo4j-admin/front.ts';
import type { ServerAddress } from '../../src/net/server-address.ts';
import { World } from '../support/commands/world.ts';
import { type Expectation, improvements } from './better-than-original.ts';
import { hiddenArguments, preparations, requests } from './scenarios.ts';
import { readTranscripts, type Transcript } from './transcript.ts';
import { maskUsageProse } from './usage-structure.ts';

/*
 * Runs every capture of the real neo4j-admin against ours: same stdout, stderr and exit code, except where better-than-original.ts says
 * what we do better and why. For usage texts only the structure is compared (usage-structure.ts): the prose is our own.
 */

const transcripts = readTranscripts();
let world: World;
beforeEach(async () => {
  world = await World.create();
});
afterEach(() => world.close());

function improvementsOf(transcript: Transcript) {
  return improvements.filter(({ applies }) =>
    typeof applies === 'function' ? applies(transcript) : applies.includes(transcript.scenario),
  );
}

function expectationOf(transcript: Transcript): Required<Expectation> {
  const { stdout, stderr, exitCode } = transcript;
  let expected = { stdout, stderr, exitCode };
  for (const { change } of improvementsOf(transcript)) expected = { ...expected, ...change(expected, transcript) };
  return expected;
}

/** The 3.5 captures were made with a server on the next port. */
function requestOf({ scenario, release }: Transcript) {
  const request = requests[scenario];
  if (request?.from === undefined || release === '3.4') return request;
  const from = request.from as ServerAddress;
  return { ...request, from: { ...from, port: from.port + 1 } };
}

describe.each(transcripts)('$name', (transcript) => {
  it('the command ends like the original', async () => {
    const { scenario } = transcript;
    await preparations[scenario]?.(world);
    const args = (transcript.args ?? hiddenArguments[scenario]!).map((argument) => world.fill(argument));
    const exitCode = await runNeo4jAdmin(args, world.context());
    const expected = expectationOf(transcript);
    const printed = { stdout: maskUsageProse(world.stdout), stderr: maskUsageProse(world.stderr), exitCode };
    expect(printed).toEqual({
      stdout: world.fill(expected.stdout),
      stderr: world.fill(expected.stderr),
      exitCode: expected.exitCode,
    });
    const request = requestOf(transcript);
    expect(world.requested !== undefined, 'a backup job was started').toBe(request !== undefined);
    if (request !== undefined) expect(world.requested).toMatchObject(request);
  });
});

describe('the tables', () => {
  it.each(improvements)('this difference from the original still exists: $reason', (improvement) => {
    const changed = transcripts.filter((transcript) => {
      const { stdout, stderr, exitCode } = transcript;
      let expected: Required<Expectation> = { stdout, stderr, exitCode };
      for (const step of improvementsOf(transcript)) {
        const next = { ...expected, ...step.change(expected, transcript) };
        if (step === improvement) return JSON.stringify(next) !== JSON.stringify(expected);
        expected = next;
      }
      return false;
    });
    expect(changed).not.toEqual([]);
  });

  it('the tables name only scenarios that exist', () => {
    const scenarios = new Set(transcripts.map(({ scenario }) => scenario));
    const named = [preparations, hiddenArguments, requests].flatMap((table) => Object.keys(table));
    expect(named.filter((name) => !scenarios.has(name))).toEqual([]);
  });

  it('the tables have all captures', () => {
    expect(transcripts.length).toBeGreaterThan(140);
  });

  it('the captures hold no prose of a usage text', () => {
    const withUsage = transcripts.flatMap(({ stdout, stderr }) =>
      [stdout, stderr].filter((text) => text.includes('usage: ')),
    );
    expect(withUsage.length).toBeGreaterThan(50);
    for (const text of withUsage) expect(maskUsageProse(text)).toBe(text);
  });
});

describe('what the commands did', () => {
  it('restore-ok put the files in place', async () => {
    await world.makeBackup();
    expect(await runNeo4jAdmin(['restore', `--from=${world.path('backup', 'n34', 'n1')}`], world.context())).toBe(0);
    expect(await world.namesIn('home', 'data', 'databases', 'graph.db')).toContain('neostore');
  });

  it('dump-todir named the archive after the database', async () => {
    await world.makeDatabase('graph.db');
    expect(await runNeo4jAdmin(['dump', `--to=${world.path('report')}`], world.context())).toBe(0);
    expect(await world.namesIn('report')).toEqual(['graph.db.dump']);
  });

  it('load-ok put the database in place', async () => {
    await world.makeDump();
    const from = `--from=${world.path('backup', 'n34', 'x.dump')}`;
    expect(await runNeo4jAdmin(['load', from, '--database=l3'], world.context())).toBe(0);
    expect(await world.namesIn('home', 'data', 'databases', 'l3')).toContain('neostore');
  });
});
