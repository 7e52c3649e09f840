import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GraphkeepError } from '../../src/base/errors.ts';
import { checkStore } from '../../src/check/store-check.ts';
import { inspectStore } from '../../src/cli/graphkeep/inspection.ts';
import { findRecoveryStart } from '../../src/log/v3/recovery-start.ts';
import { recoverStore } from '../../src/replay/recovery.ts';
import { requireRestorable } from '../../src/restore/restorable-store.ts';
import { serveStore } from '../../src/serve/database/stopped-store.ts';
import { makeTemporaryDirectory, removeDirectory, unpackCorpus } from '../support/corpus/unpack-corpus.ts';
import { campaign } from '../support/random/campaign-size.ts';
import { Dice } from '../support/random/dice.ts';
import { SEED } from '../support/random/seed.ts';

/*
 * Promise: anything may be in the place of a store file: a directory, a named pipe, a link, nothing, an empty or a cut file, other bytes.
 * Every command that reads a store ends with a result or with a GraphkeepError that says what is wrong; never with another error, and never
 * with the code `internal`.
 */

const rounds = campaign.rounds(60, 11);

let root: string;
beforeAll(async () => {
  root = await makeTemporaryDirectory();
  await unpackCorpus('stores/3.5.34-standard.tar.gz', join(root, 'clean'));
  await unpackCorpus('recovery/3.5.34-standard-dirty.tar.gz', join(root, 'dirty'));
});
afterAll(() => removeDirectory(root));

const damages: Record<string, (path: string, dice: Dice) => void> = {
  'a directory': (path) => {
    rmSync(path);
    mkdirSync(path);
  },
  'a named pipe': (path) => {
    rmSync(path);
    execFileSync('mkfifo', [path]);
  },
  'a device': (path) => {
    rmSync(path);
    symlinkSync('/dev/zero', path);
  },
  'a link to nothing': (path) => {
    rmSync(path);
    symlinkSync('nothing', path);
  },
  'a link to itself': (path) => {
    rmSync(path);
    symlinkSync(path, path);
  },
  'a link to its directory': (path) => {
    rmSync(path);
    symlinkSync(dirname(path), path);
  },
  nothing: (path) => rmSync(path),
  'an empty file': (path) => truncateSync(path, 0),
  'a cut file': (path, dice) => truncateSync(path, dice.below(statSync(path).size + 1)),
  zeros: (path) => writeFileSync(path, Buffer.alloc(statSync(path).size)),
  'other bytes': (path, dice) => {
    const bytes = Buffer.alloc(statSync(path).size);
    for (let at = 0; at < bytes.length; at++) bytes[at] = dice.below(256);
    writeFileSync(path, bytes);
  },
};

function filesOf(store: string): string[] {
  return readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(store, name)).isFile(),
  );
}

/** The error code, or that there was none; any other error fails the test. */
async function outcomeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'none';
  } catch (error) {
    if (!(error instanceof GraphkeepError)) throw error;
    return error.code;
  }
}

async function replay(store: string): Promise<void> {
  const start = findRecoveryStart(store).position;
  const scratch = `${store}.scratch`;
  mkdirSync(scratch, { recursive: true });
  try {
    if (start !== undefined) await recoverStore(store, { start, storeIsExact: false, budgetBytes: 16 << 20, scratch });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

describe.each(['clean', 'dirty'])('a file of a %s store is something else', (kind) => {
  it(`a file of a store may be anything, and every command ends in its own words (GRAPHKEEP_SEED=${SEED})`, async () => {
    const dice = new Dice(SEED);
    const sound = join(root, kind, 'graph.db');
    const files = filesOf(sound);
    const kinds = Object.keys(damages);
    const seen = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      const store = join(root, `${kind}-${round}`);
      cpSync(sound, store, { recursive: true });
      // The first one is a file that the check must miss, whatever the dice say.
      const file = round === 0 ? 'neostore.nodestore.db' : dice.pick(files);
      const damage = kinds[round % kinds.length]!;
      damages[damage]!(join(store, file), dice);
      const runs: [string, () => unknown][] = [
        ['inspect', () => inspectStore(store)],
        ['check', () => checkStore(store)],
        ['restore', () => requireRestorable(store)],
        ['serve', async () => (await serveStore(store)).close()],
        ['replay', () => replay(store)],
      ];
      for (const [name, run] of runs) {
        const outcome = await outcomeOf(run).catch((error) => {
          throw new Error(`round ${round}: ${name}, ${file} is ${damage}`, { cause: error });
        });
        expect(outcome, `round ${round}: ${name}, ${file} is ${damage}`).not.toBe('internal');
        seen.set(`${name} ${outcome}`, (seen.get(`${name} ${outcome}`) ?? 0) + 1);
      }
      rmSync(store, { recursive: true });
    }
    expect(seen.get('inspect none')).toBeGreaterThan(0);
    expect([...seen.keys()].some((key) => key.startsWith('check') && key !== 'check none')).toBe(true);
  });
});
