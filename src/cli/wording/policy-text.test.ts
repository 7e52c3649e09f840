import { expect, it } from 'vitest';
import type { PolicyNotice } from '../../config/ssl-policy/ssl-policy.ts';
import { describePolicyNotice } from './policy-text.ts';

const setting = 'dbms.ssl.policy.backup.public_certificate';
const certificate = { subject: 'CN=me', path: '/c/public.crt', setting };

it.each<[PolicyNotice, string]>([
  [
    { kind: 'key-pair-made', policy: 'backup', certificate: '/c/public.crt' },
    "Made a private key and a certificate for TLS policy 'backup': /c/public.crt",
  ],
  [
    { kind: 'private-key-readable', path: '/c/private.key', setting: 'dbms.ssl.policy.backup.private_key' },
    'Every user of this machine can read the private key /c/private.key (dbms.ssl.policy.backup.private_key): chmod o-r /c/private.key',
  ],
  [
    { kind: 'certificate-expired', ...certificate, validTo: 'Nov 28 12:25:02 2026 GMT' },
    `The certificate of CN=me in /c/public.crt (${setting}) has expired on Nov 28 12:25:02 2026 GMT`,
  ],
  [
    { kind: 'certificate-not-yet-valid', ...certificate, validFrom: 'Nov 30 12:25:02 2026 GMT' },
    `The certificate of CN=me in /c/public.crt (${setting}) is not valid before Nov 30 12:25:02 2026 GMT`,
  ],
])('a policy that can be used: %j', (notice, text) => {
  expect(describePolicyNotice(notice)).toBe(text);
});
