import { CATCHUP_START } from '../protocol/catchup/handshake-messages.ts';

/**
 * The protocol that a client speaks. The first 8 bytes of the catchup protocol are always the same (spec catchup-protocol 2); anything else
 * counts as the common protocol. Undefined while it may be either.
 */
export function recogniseProtocol(start: Buffer): 'catchup' | 'common' | undefined {
  const known = Math.min(start.length, CATCHUP_START.length);
  if (!start.subarray(0, known).equals(CATCHUP_START.subarray(0, known))) return 'common';
  return known === CATCHUP_START.length ? 'catchup' : undefined;
}
