import { CATCHUP_START } from '../protocol/catchup/handshake-messages.ts';

/**
 * Which protocol a client speaks: the first 8 bytes of the catchup protocol are always the same (spec catchup-protocol 2), everything else
 * is taken for the common protocol. Undefined while it may be either.
 */
export function recogniseProtocol(start: Buffer): 'catchup' | 'common' | undefined {
  const known = Math.min(start.length, CATCHUP_START.length);
  if (!start.subarray(0, known).equals(CATCHUP_START.subarray(0, known))) return 'common';
  return known === CATCHUP_START.length ? 'catchup' : undefined;
}
