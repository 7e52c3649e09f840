import { GraphkeepError } from '../base/errors.ts';
import { systemCodeOf } from '../base/file-errors.ts';
import { formatAddress } from '../net/server-address.ts';
import type { ListenAddress } from './conversation/listener-options.ts';

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Choose a free port with --listen or dbms.backup.address, or end the program that uses it.',
  EADDRNOTAVAIL:
    'This machine has no such address. Give --listen or dbms.backup.address one of its own (ip addr), or 0.0.0.0 for all of them.',
  ENOTFOUND:
    'This host name is unknown. Correct it in --listen or dbms.backup.address, or give an address of this machine.',
  EAI_AGAIN:
    'The host name cannot be resolved at the moment. Check the name server, or give an address of this machine.',
  EACCES:
    'This user may not listen there: ports below 1024 are for root. Choose a higher one with --listen or dbms.backup.address.',
  EAFNOSUPPORT:
    'This machine does not have this kind of address (IPv6 may be switched off). Choose another one with --listen.',
  EINVAL: 'The system does not take this address. A link-local one needs its interface, as in fe80::1%eth0.',
  EMFILE: 'This process may open no more files. Raise its limit (ulimit -n), then start it again.',
};

/** The error when no port of the range could be opened; the hint is the one for the last port. */
export function cannotListen({ host, port, lastPort = port }: ListenAddress, failure: unknown): GraphkeepError {
  const range = lastPort > port ? `-${lastPort}` : '';
  const hint = remedies[systemCodeOf(failure) ?? ''];
  return new GraphkeepError('serve.address', `cannot listen on ${formatAddress({ host: host ?? '*', port })}${range}`, {
    observed: failure instanceof Error ? failure.message : String(failure),
    cause: failure,
    ...(hint === undefined ? {} : { hint }),
  });
}
