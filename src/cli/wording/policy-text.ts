import type { PolicyNotice } from '../../config/ssl-policy/ssl-policy.ts';

/** What the user should know of a TLS policy that can be used. */
export function describePolicyNotice(notice: PolicyNotice): string {
  switch (notice.kind) {
    case 'key-pair-made':
      return `Made a private key and a certificate for TLS policy '${notice.policy}': ${notice.certificate}`;
    case 'private-key-readable':
      return `Every user of this machine can read the private key ${notice.path} (${notice.setting}): chmod o-r ${notice.path}`;
    case 'certificate-expired':
      return `The certificate of ${notice.subject} in ${notice.path} (${notice.setting}) has expired on ${notice.validTo}`;
    case 'certificate-not-yet-valid':
      return `The certificate of ${notice.subject} in ${notice.path} (${notice.setting}) is not valid before ${notice.validFrom}`;
    default:
      return notice satisfies never;
  }
}
