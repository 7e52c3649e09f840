import { GraphkeepError } from '../base/errors.ts';

const ON_THE_WAY = 'Check --from, and the network and the firewalls between this machine and the server.';

/**
 * The operating system's errors in words (without the host name, which is shown anyway), and a hint where the server is not the thing to
 * check.
 */
const reasons: Readonly<Record<string, { reason: string; hint?: string }>> = {
  ECONNREFUSED: { reason: 'nobody listens there' },
  ENOTFOUND: { reason: 'the host name is unknown', hint: 'Correct the host name in --from or dbms.backup.address.' },
  EAI_AGAIN: {
    reason: 'the host name cannot be resolved at the moment',
    hint: 'Check the name server of this machine, or give --from the address of the server in numbers.',
  },
  EHOSTUNREACH: { reason: 'there is no way to the host', hint: ON_THE_WAY },
  ENETUNREACH: { reason: 'there is no way to the network', hint: ON_THE_WAY },
  ETIMEDOUT: { reason: 'the host does not answer', hint: ON_THE_WAY },
  ECONNRESET: { reason: 'the connection was broken off' },
  EACCES: {
    reason: 'a firewall of this machine forbids it',
    hint: 'Allow connections to the server in the firewall of this machine.',
  },
  EADDRNOTAVAIL: {
    reason: 'this machine cannot reach such an address, or has no port left for a connection',
    hint: 'Correct the address in --from; an IPv6 address needs IPv6 on this machine, a link-local one its interface (fe80::1%eth0).',
  },
  EINVAL: {
    reason: 'this is no address that can be reached from here',
    hint: 'Correct the address in --from; a link-local IPv6 address needs its interface (fe80::1%eth0).',
  },
  EAFNOSUPPORT: {
    reason: 'this machine has no such kind of address',
    hint: 'Give --from an address of the other kind (IPv4 or IPv6).',
  },
  EMFILE: {
    reason: 'this process may open no more files',
    hint: 'Raise its limit (ulimit -n), then run the command again.',
  },
};

/** The error for a connection that could not be opened. */
export function unreachable(peer: string, cause: unknown): GraphkeepError {
  const code = codeOf(cause);
  const known = reasons[code ?? ''];
  const reason = known?.reason ?? (cause instanceof Error ? cause.message : String(cause));
  return new GraphkeepError('peer.unreachable', `cannot connect: ${reason}`, {
    place: { peer },
    ...(code === undefined ? {} : { observed: code }),
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    cause,
  });
}

/** The error for a connection that was not established in time. */
export function notConnectedInTime(peer: string, limitMs: number): GraphkeepError {
  return new GraphkeepError('peer.unreachable', 'cannot connect: the host does not answer', {
    place: { peer },
    observed: `no connection within ${limitMs} ms`,
    hint: ON_THE_WAY,
  });
}

/** The error for a connection that ended too early. `offset` bytes had arrived; `position` says how far the answer had got. */
export function closedTooEarly(peer: string, offset: number, position: string, cause?: unknown): GraphkeepError {
  const code = codeOf(cause);
  const end = code === undefined ? 'closed by the server' : code;
  if (offset === 0) {
    // A member of a causal cluster closes the connection after a request that it does not understand, and so does a TLS listener.
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

/** The error for a server that stops sending. `hint` names the limit if it is not --timeout. */
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

/** The error for a peer that sends so slowly that the answer would never be complete. */
export function sendsTooLittle(peer: string, offset: number, position: string, observed: string): GraphkeepError {
  return new GraphkeepError('peer.timeout', `the server sends too little to come to an end, ${position}`, {
    place: { peer, offset },
    observed,
    hint: 'Look at the load of the server and of the network, then run the backup again.',
  });
}

/** If a name has several addresses, Node reports one error per address. */
function codeOf(cause: unknown): string | undefined {
  if (cause instanceof AggregateError && cause.errors.length > 0) return codeOf(cause.errors[0]);
  if (!(cause instanceof Error) || !('code' in cause)) return undefined;
  return typeof cause.code === 'string' ? cause.code : undefined;
}
