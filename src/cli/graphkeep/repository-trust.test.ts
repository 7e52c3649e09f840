import { describe, expect, it } from 'vitest';
import type { Trust } from '../../repository/marks/trust.ts';
import { describeTrust, findDoubts } from './repository-trust.ts';

const now = new Date('2026-12-31T00:00:00Z');
const ago = (days: number) => new Date(now.getTime() - days * 86_400_000);
const proof = (days: number, result: 'sound' | 'inconsistent' | 'failed'): Trust['proof'] => ({
  format: 'graphkeep-mark',
  version: 1,
  base: '20261129T020304Z-5f3a9c1e',
  tool: '0.1.0',
  kind: 'proof',
  made: ago(days),
  moment: 'latest',
  neededKey: true,
  result,
  ...(result === 'failed' ? { failure: 'object.missing' } : { transaction: 7, restoreMs: 60_000, checkMs: 5000 }),
});
const nothing: Trust = { proof: undefined, verification: undefined, keyProvedAt: undefined, holds: [] };
const doubts = (trust: Trust, encrypted = true) =>
  findDoubts('graph.db', trust, { now, encrypted }).map(({ code }) => code);

describe('what info says of proofs', () => {
  it.each<[string, Trust, string[]]>([
    ['nothing was ever proved', nothing, ['never-drilled', 'key-never-proved']],
    ['all is proved', { ...nothing, proof: proof(29, 'sound'), keyProvedAt: ago(29) }, []],
    ['the last drill is old', { ...nothing, proof: proof(31, 'sound'), keyProvedAt: ago(1) }, ['drill-stale']],
    ['the last drill has failed', { ...nothing, proof: proof(1, 'failed'), keyProvedAt: ago(1) }, ['drill-failed']],
    ['it failed long ago', { ...nothing, proof: proof(99, 'inconsistent'), keyProvedAt: ago(1) }, ['drill-failed']],
    ['the key was proved long ago', { ...nothing, proof: proof(1, 'sound'), keyProvedAt: ago(31) }, ['key-stale']],
  ])('info warns where nobody knows whether a database comes back: %s', (_, trust, codes) => {
    expect(doubts(trust)).toEqual(codes);
    expect(doubts(trust, false)).toEqual(codes.filter((code) => !code.startsWith('key-')));
  });

  it('a warning names the database, and how old things are', () => {
    const trust = { ...nothing, proof: proof(45, 'sound'), keyProvedAt: ago(40) };
    expect(findDoubts('graph.db', trust, { now, encrypted: true })).toEqual([
      {
        code: 'drill-stale',
        text: 'graph.db: the last drill is 45 days old',
        data: { database: 'graph.db', ageMs: 45 * 86_400_000 },
      },
      {
        code: 'key-stale',
        text: 'graph.db: no key was proved for 40 days',
        data: { database: 'graph.db', ageMs: 40 * 86_400_000 },
      },
    ]);
  });

  it('each proof has a row', () => {
    const verification = { made: ago(1), extent: 'read', percent: undefined, faults: 2, bases: 3 } as const;
    const holds = [{ base: 'x', since: ago(3), reason: undefined }];
    const trust: Trust = { proof: proof(2, 'sound'), verification, keyProvedAt: ago(0), holds };
    expect(describeTrust(trust, now)).toEqual([
      ['drill', 'sound as of transaction 7, took 1 min 5 s, 2 days ago'],
      ['verified', '2 faults (3 full backups, every object read), 24 h 0 min ago'],
      ['key', 'proved 0.0 s ago'],
      ['held', 'x, since 2026-12-28T00:00:00.000Z'],
    ]);
    const part = { ...verification, extent: 'part', percent: 10, faults: 0, bases: 1 } as const;
    expect(describeTrust({ ...nothing, verification: part }, now)).toContainEqual([
      'verified',
      'complete (1 full backup, 10 % of the objects read), 24 h 0 min ago',
    ]);
    const failed = { ...nothing, proof: proof(2, 'failed') };
    expect(describeTrust(failed, now)).toEqual([
      ['drill', 'failed: object.missing, 2 days ago'],
      ['verified', 'never'],
    ]);
    const served = { ...nothing, proof: { ...proof(2, 'sound')!, server: '5.26.30' } };
    expect(describeTrust(served, now)[0]).toEqual([
      'drill',
      'sound as of transaction 7 with Neo4j 5.26.30, took 1 min 5 s, 2 days ago',
    ]);
  });
});
