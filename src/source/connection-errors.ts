import { GraphkeepError } from '../base/errors.ts';

/** What the operating system says, in words; the name of the host is not repeated. */
const reasons: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be resolved at the moment',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network',
  ETIMEDOUT: 'the host does not answer',
  ECONNRESET: 'the connection was broken off',
  EACCES: 'a firewall of this machine forbids it',
};

/** The error for a connection that could not be opened. */
export function unreachable(peer: string, cause: unknown): GraphkeepError {
  const code = codeOf(cause);
  const reason = reasons[code ?? ''] ?? (cause instanceof Error ? cause.message : String(cause));
  return new GraphkeepError('peer.unreachable', `cannot connect: ${reason}`, {
    place: { peer },
    ...(code === undefined ? {} : { observed: code }),
    cause,
  });
}

/** The error for a connection that was not opened in time. */
export function notConnectedInTime(peer: string, limitMs: number): GraphkeepError {
  return new GraphkeepError('peer.unreachable', 'cannot connect: the host does not answer', {
    place: { peer },
    observed: `no connection within ${limitMs} ms`,
  });
}

/** The error for a connection that ended too early: `offset` bytes had come, the answer was `position`. */
export function closedTooEarly(peer: string, offset: number, position: string, cause?: unknown): GraphkeepError {
  const code = codeOf(cause);
  const end = code === undefined ? 'closed by the server' : code;
  if (offset === 0) {
    // What a member of a causal cluster does with a request that it does not understand, and a TLS listener too.
    return new GraphkeepError('peer.protocol', 'the server closed the connection without any answer', {
      place: { peer, offset },
      observed: end,
      hint: 'A member of a causal cluster does that: try --protocol=catchup. If it is a single or HA server, look into its log.',
      cause,
    });
  }
  return new GraphkeepError('peer.closed', `the connection ended before the answer was complete, ${position}`, {
    place: { peer, offset },
    observed: end,
    cause,
  });
}

/** The error for a server that does not go on sending; `hint` names the limit if it is not --timeout. */
export function silentTooLong(
  peer: string,
  offset: number,
  position: string,
  limitMs: number,
  hint?: string,
): GraphkeepError {
  const what = offset === 0 ? 'the server does not answer' : `the server stopped sending, ${position}`;
  return new GraphkeepError('peer.timeout', what, {
    place: { peer, offset },
    observed: `silent for ${limitMs < 1000 ? `${limitMs} ms` : `${limitMs / 1000} s`}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** With several addresses of one name, Node reports one error per address. */
function codeOf(cause: unknown): string | undefined {
  if (cause instanceof AggregateError && cause.errors.length > 0) return codeOf(cause.errors[0]);
  if (!(cause instanceof Error) || !('code' in cause)) return undefined;
  return typeof cause.code === 'string' ? cause.code : undefined;
}
