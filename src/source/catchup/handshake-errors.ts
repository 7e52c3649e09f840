import { GraphkeepError } from '../../base/errors.ts';
import { systemCodeOf } from '../../base/file-errors.ts';
import type { ClientHandshake } from '../../protocol/catchup/client-handshake.ts';

const notForUs =
  'A server that requires TLS does that: set dbms.backup.ssl_policy. A single or HA server needs --protocol=common. Else look into its log.';

/** The error for a connection that ended before the handshake was complete. */
export function closedInHandshake(
  peer: string,
  { offset, position }: ClientHandshake,
  cause?: unknown,
): GraphkeepError {
  // A TLS error already explains itself.
  if (cause instanceof GraphkeepError) return cause;
  return new GraphkeepError('peer.closed', `the server closed the connection ${position}`, {
    place: { peer, offset },
    observed: systemCodeOf(cause) ?? 'closed by the server',
    hint: notForUs,
    cause,
  });
}

/** The error for a server that accepts connections but does not complete the handshake. */
export function handshakeTooSlow(peer: string, { offset, position }: ClientHandshake, limitMs: number): GraphkeepError {
  return new GraphkeepError(
    'peer.timeout',
    `the server does not complete the handshake of the catchup protocol, ${position}`,
    {
      place: { peer, offset },
      observed: `not within ${limitMs < 1000 ? `${limitMs} ms` : `${limitMs / 1000} s`}`,
      hint: `${notForUs} The limit is causal_clustering.handshake_timeout.`,
    },
  );
}

/** The error for a server that continues to send after the handshake. */
export function unaskedFor(peer: string, { offset }: ClientHandshake, rest: Buffer): GraphkeepError {
  return new GraphkeepError('peer.protocol', 'the server sends something that it was not asked for', {
    place: { peer, offset },
    observed: rest.toString('hex', 0, 16),
  });
}
