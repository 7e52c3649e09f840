import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ErrorCode } from '../../base/error-codes.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { printableText } from '../../base/printable-text.ts';
import type { SslPolicy } from '../../config/ssl-policy/ssl-policy.ts';

/** There are certificate revocation lists, but none from this issuer. */
const NO_LIST = 'UNABLE_TO_GET_CRL';

/** Node's names of verification results. Any other result is `tls.certificate-refused`. */
const RESULTS: Record<string, [ErrorCode, string]> = {
  CERT_HAS_EXPIRED: ['tls.certificate-expired', 'a certificate of the peer has expired'],
  CERT_NOT_YET_VALID: ['tls.certificate-not-yet-valid', 'a certificate of the peer is not valid yet'],
  CERT_REVOKED: ['tls.certificate-revoked', 'a certificate of the peer is revoked'],
  [NO_LIST]: ['tls.revocation-unknown', 'revoked_dir has no list of an issuer of the certificate'],
  CRL_HAS_EXPIRED: ['tls.revocation-unknown', 'the list of an issuer in revoked_dir is out of date'],
  CRL_NOT_YET_VALID: ['tls.revocation-unknown', 'the list of an issuer in revoked_dir is not valid yet'],
  CRL_SIGNATURE_FAILURE: ['tls.revocation-unknown', 'the list of an issuer in revoked_dir is not signed by it'],
  UNABLE_TO_GET_ISSUER_CERT: ['tls.unknown-issuer', 'the issuer of the certificate of the peer is not known'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['tls.unknown-issuer', 'the issuer of the certificate of the peer is not known'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['tls.unknown-issuer', 'the issuer of the certificate of the peer is not known'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['tls.unknown-issuer', 'the self-signed certificate of the peer is not trusted'],
  SELF_SIGNED_CERT_IN_CHAIN: ['tls.unknown-issuer', 'the issuer of the certificate of the peer is not trusted'],
};

/**
 * Why the peer of a finished TLS handshake is not accepted; undefined = it is. Node is told to accept every peer, so that this function
 * decides for both roles and can say whose certificate it was.
 */
export function judgeServer(
  socket: TLSSocket,
  policy: SslPolicy,
  peer: string,
  host: string | undefined,
): GraphkeepError | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return refuse('tls.certificate-refused', 'the server shows no certificate', peer);
  const failure = policy.trustAll ? undefined : judgeCertificate(socket, certificate, policy, peer);
  return failure ?? (policy.verifyHostname ? judgeHost(certificate, peer, host) : undefined);
}

/** The same for a server that checks its client. */
export function judgeClient(socket: TLSSocket, policy: SslPolicy, peer: string): GraphkeepError | undefined {
  if (policy.clientAuth === 'NONE') return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate !== undefined)
    return policy.trustAll ? undefined : judgeCertificate(socket, certificate, policy, peer);
  if (policy.clientAuth === 'OPTIONAL') return undefined;
  return refuse('tls.no-client-certificate', 'the client shows no certificate', peer);
}

function judgeCertificate(
  socket: TLSSocket,
  certificate: X509Certificate,
  policy: SslPolicy,
  peer: string,
): GraphkeepError | undefined {
  if (socket.authorized) return undefined;
  // A code, whatever its type says.
  const result = String(socket.authorizationError);
  if (result === NO_LIST && isTrustedItself(certificate, policy)) return undefined;
  const [code, message] = RESULTS[result] ?? [
    'tls.certificate-refused' as const,
    'the certificate of the peer is not fit for this use',
  ];
  return refuse(code, message, peer, `${describeCertificate(certificate)}: ${result}`);
}

/** As in Java, a certificate in trusted_dir needs no revocation list from its issuer. OpenSSL would require one. */
function isTrustedItself(certificate: X509Certificate, { trusted }: SslPolicy): boolean {
  const now = Date.now();
  if (Date.parse(certificate.validFrom) > now || Date.parse(certificate.validTo) < now) return false;
  return trusted.some(({ raw }) => raw.equals(certificate.raw));
}

/** As for HTTPS: an address must be among the addresses in the certificate; a wildcard may cover a name. */
function judgeHost(certificate: X509Certificate, peer: string, host: string | undefined): GraphkeepError | undefined {
  const bare = (host ?? '').replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const match = isIP(bare) === 0 ? certificate.checkHost(bare) : certificate.checkIP(bare);
  if (bare !== '' && match !== undefined) return undefined;
  const names = printableText(certificate.subjectAltName ?? 'no names besides its subject');
  return refuse(
    'tls.host-name',
    `the certificate of the server is not for the host ${bare}`,
    peer,
    `${describeCertificate(certificate)}, ${names}`,
  );
}

function describeCertificate(certificate: X509Certificate): string {
  const inOneLine = (name: string | undefined) => printableText((name ?? 'no name').replaceAll('\n', ', '));
  const { subject, issuer, validFrom, validTo } = certificate;
  return `certificate of ${inOneLine(subject)}, issued by ${inOneLine(issuer)}, valid from ${validFrom} to ${validTo}`;
}

function refuse(code: ErrorCode, message: string, peer: string, observed?: string): GraphkeepError {
  return new GraphkeepError(code, message, { place: { peer }, ...(observed === undefined ? {} : { observed }) });
}
