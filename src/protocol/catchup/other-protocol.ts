import { type ErrorPlace, GraphkeepError } from '../../base/errors.ts';
import { CATCHUP_START } from './handshake-messages.ts';

/** Number of bytes that identifies the protocols below. */
const ENOUGH_BYTES = 6;

const wrongPort =
  'Check the port in --from: it must be the dbms.backup.address (or causal_clustering.transaction_listen_address) of a cluster member.';

const signatures: { pattern: RegExp; name: string; hint: string }[] = [
  {
    // Frame length, then the chunk header of the common protocol (spec common-protocol 5).
    pattern: /^[0-9a-f]{8}(08|09|0a)0[12]/,
    name: 'the common backup protocol of a standalone or HA server',
    hint: 'Use --protocol=common (or any) for a server that is no member of a causal cluster.',
  },
  {
    pattern: /^1[56]03/,
    name: 'TLS',
    hint: 'The server wants TLS: set dbms.backup.ssl_policy to the policy of the server and define it in neo4j.conf.',
  },
  {
    pattern: /^0000001544474e4f/,
    name: 'the catchup protocol of ONgDB',
    hint: 'Members of ONgDB clusters are not supported.',
  },
  { pattern: /^485454502f/, name: 'HTTP', hint: wrongPort },
  { pattern: /^5353482d/, name: 'SSH', hint: wrongPort },
];

/**
 * Compares the first bytes of an answer with the only ones that a member sends. Returns false while they are right but incomplete; throws
 * `peer.protocol`, naming what the peer speaks instead.
 */
export function checkAnswerStart(start: Buffer, place: ErrorPlace): boolean {
  const expected = CATCHUP_START.subarray(0, start.length);
  if (start.subarray(0, expected.length).equals(expected)) return start.length >= CATCHUP_START.length;
  if (start.length < ENOUGH_BYTES) return false;
  const hex = start.toString('hex', 0, CATCHUP_START.length);
  const found = signatures.find(({ pattern }) => pattern.test(hex));
  const message = `the peer speaks ${found?.name ?? 'another protocol'}, not the catchup protocol`;
  throw new GraphkeepError('peer.protocol', message, {
    place,
    observed: `first bytes ${hex}`,
    ...(found === undefined ? {} : { hint: found.hint }),
  });
}
