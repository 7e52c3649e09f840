/** Host and port on which a server listens. */
export interface ServerAddress {
  /** Name or address; an IPv6 address with or without brackets. */
  host: string;
  port: number;
}

/** For messages: `host:port`, IPv6 in brackets. */
export function formatAddress({ host, port }: ServerAddress): string {
  const bare = withoutBrackets(host);
  return bare.includes(':') ? `[${bare}]:${port}` : `${bare}:${port}`;
}

/** The host to connect to: "any address", which only makes sense for listeners, becomes this machine (spec common-protocol 2). */
export function connectableHost(host: string): string {
  const bare = withoutBrackets(host);
  if (bare === '0.0.0.0') return '127.0.0.1';
  return bare === '::' ? '::1' : bare;
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
