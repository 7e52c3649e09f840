import { GraphkeepError } from '../base/errors.ts';
import type { ServerAddress } from '../net/server-address.ts';

/** Host and port as the user typed them; undefined if left out. For a range of ports, both ends are kept. */
export interface TypedAddress {
  host?: string;
  port?: number;
  lastPort?: number;
}

/** For what neither `--from` nor `dbms.backup.address` says. */
export const DEFAULT_BACKUP_ADDRESS: ServerAddress = { host: '127.0.0.1', port: 6362 };

const MAX_INT = 2_147_483_647;
const MAX_PORT = 65_535;

/**
 * Reads the address forms of `--from` and `dbms.backup.address` (spec backup-command 2.1):
 *
 *     [scheme://] ( host [ ":" ports ] | ":" ports | "[" host "]" [ ":" ports ] )      ports = number [ "-" number ]
 *
 * An empty host and port 0 count as left out. Ports above 65535 are refused; the Java tool accepts them and then fails on a `null`.
 * @throws GraphkeepError `usage` with the text of the Java tool
 */
export function parseAddress(text: string): TypedAddress {
  const trimmed = text.trim();
  const scheme = trimmed.indexOf('://');
  const address = scheme === -1 ? trimmed : trimmed.slice(scheme + 3);
  const bracket = address.startsWith('[') ? address.indexOf(']') : -1;
  if (bracket !== -1) {
    return {
      ...hostOf(address.slice(1, bracket)),
      ...readPorts(address.slice(bracket + 2), text, address.length > bracket + 1),
    };
  }
  const parts = splitLikeJava(address, ':');
  if (parts.length > 2) {
    const problem = `'${trimmed}' is no address: an IPv6 address stands in brackets, as in [::1]:6362`;
    throw new GraphkeepError('usage', problem, {
      original: text,
    });
  }
  return { ...hostOf(parts[0] ?? ''), ...readPorts(parts[1] ?? '', text, parts.length === 2) };
}

/** The path of `file:<path>`; undefined for the address of a server. A host may be called `file`: then digits or nothing follow. */
export function parseFileAddress(text: string): string | undefined {
  return /^file:(?!\d*(-\d*)?$)(.+)$/s.exec(text.trim())?.[2];
}

/** Fills in what the user left out from the configured address (its first port), and removes brackets from the host. */
export function completeAddress(typed: TypedAddress, configured: TypedAddress, fallback: ServerAddress): ServerAddress {
  return {
    host: (typed.host ?? configured.host ?? fallback.host).replace(/[[\]]/g, ''),
    port: typed.port ?? configured.port ?? fallback.port,
  };
}

function hostOf(host: string): { host?: string } {
  return host === '' ? {} : { host };
}

function readPorts(ports: string, whole: string, present: boolean): { port?: number; lastPort?: number } {
  if (!present) return {};
  const ends = splitLikeJava(ports, '-');
  if (ends.length > 2) throw new GraphkeepError('usage', `Cannot have more than two port ranges: ${whole}`);
  const [port, lastPort] = (ends.length === 0 ? [''] : ends).map((end) => readPort(end, whole));
  return { ...(port ? { port } : {}), ...(lastPort ? { lastPort } : {}) };
}

function readPort(text: string, whole: string): number {
  if (!/^[+-]?\d+$/.test(text) || Math.abs(Number(text)) > MAX_INT) {
    throw new GraphkeepError('usage', `'${whole}' has no valid port: a number from 1 to ${MAX_PORT} is needed`, {
      original: `For input string: "${text}"`,
    });
  }
  const port = Number(text);
  if (port > MAX_PORT || port < 0) throw new GraphkeepError('usage', `Port must be between 1 and ${MAX_PORT}: ${text}`);
  return port;
}

/** Splits at the marks and drops empty parts at the end; a text without a mark is one part. */
function splitLikeJava(text: string, mark: string): string[] {
  const parts = text.split(mark);
  while (parts.length > 1 && parts.at(-1) === '') parts.pop();
  return parts;
}
