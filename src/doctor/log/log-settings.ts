import { hasCode } from '../../base/errors.ts';
import { parseDurationMs } from '../../config/durations.ts';
import type { ClientConfig } from '../../config/neo4j-conf.ts';
import { parseRetentionPolicy, type RetentionPolicy } from '../../config/retention-policy.ts';
import type { ServerSettings } from '../../config/server-settings.ts';
import { parseInteger } from '../../config/setting-values.ts';
import { settings } from '../../config/settings.ts';
import { parseSizeBytes } from '../../config/sizes.ts';
import { DAY_MS } from '../findings/spans.ts';

/** What a server does with its log, and what the settings for that are called in its release. */
export interface LogSettings {
  /** A file may go as soon as one of them has enough of newer ones. */
  readonly policies: readonly RetentionPolicy[];
  /** The policies as they are written, and others that would keep more. */
  readonly policyText: string;
  readonly longerPolicy: string;
  readonly rotationBytes: number;
  readonly checkPointIntervalMs: number;
  readonly checkPointIntervalTransactions: number;
  readonly names: SettingNames;
  /** How many of the files up to that of the last check point stay whatever the policy is. */
  readonly alwaysKept: 1 | 2;
  /** With a shorter pause between two backups, incremental ones are a matter of luck. */
  readonly leastPauseMs: number;
  /** Values that could not be read, so that the defaults are assumed. */
  readonly unreadable: readonly string[];
}

/** Names of settings, those of times and sizes with their defaults, for people. */
interface SettingNames {
  readonly retention: string;
  readonly rotation: string;
  readonly rotationDefault: string;
  readonly interval: string;
  readonly intervalDefault: string;
  readonly transactions: string;
  readonly iopsLimit: string;
}

const names = (prefix: string, rotationDefault: string): SettingNames => ({
  retention: `${prefix}.tx_log.rotation.retention_policy`,
  rotation: `${prefix}.tx_log.rotation.size`,
  rotationDefault,
  interval: `${prefix}.checkpoint.interval.time`,
  intervalDefault: '15m',
  transactions: `${prefix}.checkpoint.interval.tx`,
  iopsLimit: `${prefix}.checkpoint.iops.limit`,
});

const LONGER = '14 days';

/** Of a server of 3.4 or 3.5, whose configuration was read as a whole. */
export function logSettingsOf3(config: ClientConfig): LogSettings {
  const { retentionPolicy } = settings;
  const policyText = config.text(retentionPolicy.name) ?? retentionPolicy.default;
  return {
    policies: [config.get(retentionPolicy)],
    policyText,
    longerPolicy: policyText === retentionPolicy.default ? LONGER : retentionPolicy.default,
    rotationBytes: config.get(settings.rotationSizeBytes),
    checkPointIntervalMs: config.get(settings.checkPointIntervalMs),
    checkPointIntervalTransactions: config.get(settings.checkPointIntervalTransactions),
    names: names('dbms', settings.rotationSizeBytes.default),
    alwaysKept: 2,
    // A nightly backup may fail once, and the next night is still incremental.
    leastPauseMs: 2 * DAY_MS,
    unreadable: [],
  };
}

/** The first version of the log that a server of 2025 or later writes: the space is limited too then, at the latest by 2026.08. */
const SINCE_2025 = 21;

/** Of a server of 4.2 or later: only these settings are looked at. A server of 5 still understands the names of 4.x. */
export function logSettingsOfModern(server: ServerSettings, layout: 4 | 5, kernelVersion: number): LogSettings {
  const own = layout === 4 ? names('dbms', '250M') : names('db', '256M');
  const older = names('dbms', '250M');
  const unreadable: string[] = [];
  const read = <T>(
    name: 'retention' | 'rotation' | 'interval' | 'transactions',
    standard: string,
    parse: (text: string) => T,
  ): T => {
    try {
      return parse(server.first([own[name], older[name]]) ?? standard);
    } catch (error) {
      if (!hasCode(error, 'usage', 'config')) throw error;
      unreadable.push(own[name]);
      return parse(standard);
    }
  };
  const standardPolicy = layout === 4 ? '7 days' : kernelVersion < SINCE_2025 ? '2 days' : '2 days 2G';
  const { text: policyText, policies } = read('retention', standardPolicy, (text) => ({
    text,
    policies: parseModernPolicy(text),
  }));
  return {
    policies,
    policyText,
    longerPolicy: LONGER,
    rotationBytes: read('rotation', own.rotationDefault, parseSizeBytes),
    checkPointIntervalMs: read('interval', own.intervalDefault, (text) => parseDurationMs(text.trim())),
    checkPointIntervalTransactions: read('transactions', settings.checkPointIntervalTransactions.default, parseInteger),
    names: own,
    // Measured: 4.4 keeps the file before that of the check point too, later releases do not.
    alwaysKept: layout === 4 ? 2 : 1,
    // The default of 2 days is enough for a backup each night.
    leastPauseMs: DAY_MS,
    unreadable,
  };
}

/** `2 days 2G`: as long, and no more than that. */
function parseModernPolicy(text: string): RetentionPolicy[] {
  const [, policy, size] = /^(\d+\w? \w+) (\d+[kKmMgGtT]?)$/.exec(text) ?? [];
  if (policy === undefined) return [parseRetentionPolicy(text)];
  return [parseRetentionPolicy(policy), { keep: 'size', bytes: parseSizeBytes(size!) }];
}
