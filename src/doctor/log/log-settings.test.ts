import { expect, it } from 'vitest';
import { ClientConfig } from '../../config/neo4j-conf.ts';
import { ServerSettings } from '../../config/server-settings.ts';
import { DAY_MS } from '../findings/spans.ts';
import { logSettingsOf3, logSettingsOfModern } from './log-settings.ts';

const server = (settings: Record<string, string> = {}) => new ServerSettings(new Map(Object.entries(settings)));
const days = (count: number) => ({ keep: 'time', ms: count * DAY_MS });
const G = 1024 ** 3;

it('each release has its own defaults', () => {
  expect(logSettingsOf3(new ClientConfig('/'))).toMatchObject({ policies: [days(7)], alwaysKept: 2 });
  expect(logSettingsOfModern(server(), 4, 4)).toMatchObject({
    policies: [days(7)],
    rotationBytes: 250 * 1024 ** 2,
    alwaysKept: 2,
    names: { retention: 'dbms.tx_log.rotation.retention_policy' },
  });
  expect(logSettingsOfModern(server(), 5, 20)).toMatchObject({
    policies: [days(2)],
    rotationBytes: 256 * 1024 ** 2,
    checkPointIntervalMs: 900_000,
    alwaysKept: 1,
    names: { retention: 'db.tx_log.rotation.retention_policy' },
  });
  expect(logSettingsOfModern(server(), 5, 32).policies).toEqual([days(2), { keep: 'size', bytes: 2 * G }]);
});

it('a server of 5 understands the names of 4.x, and its own counts more', () => {
  const older = { 'dbms.tx_log.rotation.retention_policy': '3 files' };
  expect(logSettingsOfModern(server(older), 5, 20).policies).toEqual([{ keep: 'files', count: 3 }]);
  const both = { ...older, 'db.tx_log.rotation.retention_policy': '5 days' };
  expect(logSettingsOfModern(server(both), 5, 20).policies).toEqual([days(5)]);
});

it('what cannot be read is told, and its default is assumed', () => {
  const bad = {
    'db.tx_log.rotation.retention_policy': '2 days 2X',
    'db.tx_log.rotation.size': '$(size)',
    'db.checkpoint.interval.time': 'soon',
    'db.checkpoint.interval.tx': '1000',
  };
  const { unreadable, ...settings } = logSettingsOfModern(server(bad), 5, 20);
  expect(unreadable).toEqual([
    'db.tx_log.rotation.retention_policy',
    'db.tx_log.rotation.size',
    'db.checkpoint.interval.time',
  ]);
  expect(settings).toMatchObject({
    policies: [days(2)],
    rotationBytes: 256 * 1024 ** 2,
    checkPointIntervalMs: 900_000,
    checkPointIntervalTransactions: 1000,
  });
});
