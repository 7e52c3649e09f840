import { expect, it } from 'vitest';
import { ServerSettings } from '../../config/server-settings.ts';
import { checkFullLog } from './full-log.ts';
import { logSettingsOfModern } from './log-settings.ts';
import type { ModernLogHistory } from './modern-log-history.ts';

const GIGABYTE = 1024 ** 3;

it('much log beside a small database is told, and nothing else', () => {
  const settings = logSettingsOfModern(new ServerSettings(), 5, 20);
  const levelOf = (logBytes: number, storeBytes: number) =>
    checkFullLog({ full: { files: 1, bytes: logBytes } } as ModernLogHistory, storeBytes, settings).level;
  expect(levelOf(GIGABYTE / 4, 1000)).toBe('ok');
  expect(levelOf(GIGABYTE, 1000)).toBe('warn');
  expect(levelOf(GIGABYTE, 10 * GIGABYTE)).toBe('ok');
  expect(levelOf(6 * GIGABYTE, 10 * GIGABYTE)).toBe('warn');
});
