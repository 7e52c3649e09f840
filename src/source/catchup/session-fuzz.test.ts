import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mutateBytes } from '../../../test/support/random/byte-mutations.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { SEED } from '../../../test/support/random/seed.ts';
import { CatchupMember, type MemberFault } from '../../../test/support/servers/catchup-member.ts';
import { CopyRecorder } from '../../../test/support/servers/copy-recorder.ts';
import { smallMember } from '../../../test/support/servers/small-member.ts';
import { Dice } from '../../base/dice.ts';
import { GraphkeepError } from '../../base/errors.ts';
import type { StoreFileStream } from '../backup-source.ts';
import { CatchupSource } from './catchup-source.ts';

/** Use GRAPHKEEP_CAMPAIGN=30 for a campaign, GRAPHKEEP_SEED to repeat a run. */
const rounds = campaign.rounds(1500);

/** Asserts what every receiver may rely on, whatever the server sends. */
class SuspiciousRecorder extends CopyRecorder {
  override openFile(file: StoreFileStream) {
    const path = join('/target', file.name);
    if (path !== `/target/${file.name}` || /[\0\\]|^[^/]*\.id$|^store_lock$/.test(file.name)) {
      throw new Error(`a name that leaves the target: ${file.name}`);
    }
    return super.openFile(file);
  }
}

/** Most connections end after the damage, as a member would end them; some stay open, and the client has to notice. */
function damage(dice: Dice): MemberFault {
  const isCut = dice.below(50) > 0;
  return { replace: (answer) => mutateBytes(answer, dice), ...(isCut ? { endsBehind: true } : {}) };
}

test(`damaged sessions end in success or in a clear error (seed ${SEED}, ${rounds} rounds)`, async () => {
  const dice = new Dice(SEED);
  const member = await CatchupMember.start(smallMember({ largeBytes: 70_000 }));
  const source = () =>
    new CatchupSource({
      address: member.address,
      policy: undefined,
      compressions: [],
      connectTimeoutMs: 5000,
      handshakeTimeoutMs: 100,
      inactivityTimeoutMs: 100,
      connections: 3,
      retry: { maxTimeMs: 10, maxWaitMs: 2 },
      onRetry: () => {},
    });
  const endings = { complete: 0, refused: 0 };
  try {
    for (let round = 0; round < rounds; round++) {
      const isFull = dice.below(4) > 0;
      // One of the answers of a copy, or one of the two parts of the handshake.
      let untilDamage = dice.below(isFull ? 12 : 4) - 1;
      member.handshakeFault = (connection) => (connection === first && untilDamage-- === 0 ? damage(dice) : undefined);
      member.fault = () => (untilDamage-- === 0 ? damage(dice) : undefined);
      const first = member.connections;
      const recorder = new SuspiciousRecorder();
      const signal = new AbortController().signal;
      try {
        if (isFull) await source().fullCopy(recorder, signal);
        else await source().transactionsAfter(12, recorder, signal);
        endings.complete++;
      } catch (error) {
        if (!(error instanceof GraphkeepError) || !error.code.startsWith('peer.')) {
          throw new Error(`round ${round}`, { cause: error });
        }
        endings.refused++;
      }
      recorder.isOver = true;
      expect(recorder.bytes).toBeLessThan(300_000);
    }
  } finally {
    await member.stop();
  }
  console.log(`${rounds} sessions, ${member.connections} connections: ${JSON.stringify(endings)}`);
  // Both endings occurred; otherwise the mutations are too tame.
  expect(Math.min(endings.complete, endings.refused)).toBeGreaterThan(rounds / 20);
});
