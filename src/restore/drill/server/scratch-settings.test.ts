import { expect, it } from 'vitest';
import { scratchSettings } from './scratch-settings.ts';
import { ServerRelease } from './server-release.ts';

const settingsOf = (version: string, isEnterprise = false) =>
  scratchSettings({ release: new ServerRelease(version), isEnterprise }, 4711).split('\n');

it.each([
  ['4.4.48', 'dbms.connector.http.listen_address=127.0.0.1:4711'],
  ['5.26.30', 'server.http.listen_address=127.0.0.1:4711'],
])('a server of %s listens on this machine only, and on nothing but HTTP', (version, address) => {
  const lines = settingsOf(version);
  expect(lines).toContain(address);
  expect(
    lines.filter((line) => /(bolt|https|backup).*enabled=/.test(line)).every((line) => line.endsWith('=false')),
  ).toBe(true);
  expect(lines.some((line) => line.includes('bolt.enabled'))).toBe(true);
});

it('no setting is given that a release does not know', () => {
  const reports = (version: string) => settingsOf(version).includes('dbms.usage_report.enabled=false');
  expect([reports('5.1.0'), reports('5.26.30'), reports('4.4.48')]).toEqual([false, true, false]);
  const backups = (isEnterprise: boolean) =>
    settingsOf('5.26.30', isEnterprise).includes('server.backup.enabled=false');
  expect([backups(false), backups(true)]).toEqual([false, true]);
});
