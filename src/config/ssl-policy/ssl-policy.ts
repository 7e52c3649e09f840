import type { KeyObject, X509Certificate } from 'node:crypto';

export type ClientAuth = 'NONE' | 'OPTIONAL' | 'REQUIRE';

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** A group of settings `dbms.ssl.policy.<name>.*` with its files read and checked (docs/tls.md). */
export interface SslPolicy {
  readonly name: string;
  readonly privateKey: KeyObject;
  /** What this side shows to its peers: its own certificate first, then those of its issuers. At least one. */
  readonly certificates: readonly X509Certificate[];
  /** Trust anchors; empty with `trustAll`. */
  readonly trusted: readonly X509Certificate[];
  /** In PEM, one list per item. If there is any, every certificate of a peer must be covered by one. */
  readonly revocationLists: readonly string[];
  /** Whether the server role asks its clients for a certificate. */
  readonly clientAuth: ClientAuth;
  /** Accept whatever certificate a peer shows. */
  readonly trustAll: boolean;
  /** In ascending order, at least one. */
  readonly tlsVersions: readonly TlsVersion[];
  /** Names as OpenSSL has them, best first; undefined = those of Node. */
  readonly ciphers: readonly string[] | undefined;
  /** The client role compares the certificate of a server with the host that it has dialled. */
  readonly verifyHostname: boolean;
  /** What the user should know although the policy can be used: an own certificate that has expired, a key made just now. */
  readonly notices: readonly PolicyNotice[];
}

/** What is told of a policy. Paths are absolute, a setting is named in full, dates are as OpenSSL writes them. */
export type PolicyNotice =
  | { kind: 'key-pair-made'; policy: string; certificate: string }
  /** Not by its group alone, but by everybody. */
  | { kind: 'private-key-readable'; path: string; setting: string }
  | { kind: 'certificate-expired'; subject: string; path: string; setting: string; validTo: string }
  | { kind: 'certificate-not-yet-valid'; subject: string; path: string; setting: string; validFrom: string };
