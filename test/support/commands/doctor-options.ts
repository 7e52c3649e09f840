import { expect } from 'vitest';
import { ClientConfig } from '../../../src/config/neo4j-conf.ts';
import { type Diagnosis, examineBackups } from '../../../src/doctor/doctor.ts';
import type { DoctorOptions } from '../../../src/doctor/doctor-options.ts';
import type { DoctorCheck } from '../../../src/doctor/findings/doctor-checks.ts';
import type { DoctorFinding } from '../../../src/doctor/findings/finding.ts';

/** Options of a doctor that looks at nothing yet: the defaults of the command line, with little memory. */
export function doctorOptions(changed: Partial<DoctorOptions>): DoctorOptions {
  return {
    from: undefined,
    database: undefined,
    to: undefined,
    repositories: [],
    protocol: 'any',
    timeoutMs: 20_000,
    bytesPerSecond: undefined,
    memoryBudgetBytes: 1024 * 1024,
    config: new ClientConfig('/'),
    isNamed: false,
    configFile: undefined,
    additionalConfig: undefined,
    ...changed,
  };
}

export function examine(changed: Partial<DoctorOptions>, nowMs = Date.now()): Promise<Diagnosis> {
  return examineBackups(doctorOptions(changed), new AbortController().signal, nowMs);
}

/** The only finding of a check. */
export function findingOf(check: DoctorCheck, { findings }: Diagnosis): DoctorFinding {
  const found = findings.filter((finding) => finding.check === check);
  expect({ check, count: found.length }).toEqual({ check, count: 1 });
  return found[0]!;
}

/** The checks that ended at this level. */
export function checksAt(level: DoctorFinding['level'], { findings }: Diagnosis): DoctorCheck[] {
  return findings.filter((finding) => finding.level === level).map(({ check }) => check);
}
