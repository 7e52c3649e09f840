import type { KeyObject, X509Certificate } from 'node:crypto';

export type ClientAuth = 'NONE' | 'OPTIONAL' | 'REQUIRE';

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** A group of settings `dbms.ssl.policy.<name>.*`, with its files read and checked (docs/tls.md). */
export interface SslPolicy {
  readonly name: string;
  readonly privateKey: KeyObject;
  /** What this side presents to its peers: its own certificate first, then those of its issuers. At least one. */
  readonly certificates: readonly X509Certificate[];
  /** Trust anchors; empty with `trustAll`. */
  readonly trusted: readonly X509Certificate[];
  /** In PEM, one list per item. If not empty, every certificate of a peer must be covered by one. */
  readonly revocationLists: readonly string[];
  /** Whether this side, as a server, asks clients for a certificate. */
  readonly clientAuth: ClientAuth;
  /** Accept any certificate of a peer. */
  readonly trustAll: boolean;
  /** In ascending order, at least one. */
  readonly tlsVersions: readonly TlsVersion[];
  /** OpenSSL names, best first; undefined = Node's defaults. */
  readonly ciphers: readonly string[] | undefined;
  /** As a client, compare the server's certificate with the host that was dialled. */
  readonly verifyHostname: boolean;
  /** What the user should know although the policy is usable: its own certificate has expired, a key was generated just now. */
  readonly notices: readonly PolicyNotice[];
}

/** A notice about a policy. Paths are absolute, setting names complete, dates as OpenSSL writes them. */
export type PolicyNotice =
  | { kind: 'key-pair-made'; policy: string; certificate: string }
  /** Readable by everybody, not only by its group. */
  | { kind: 'private-key-readable'; path: string; setting: string }
  | { kind: 'certificate-expired'; subject: string; path: string; setting: string; validTo: string }
  | { kind: 'certificate-not-yet-valid'; subject: string; path: string; setting: string; validFrom: string };
