import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Completed } from '../test/interop/harness/child-process.ts';
import { javaBackup } from '../test/interop/harness/index.ts';
import { type JvmMode, projectRoot } from './bench-options.ts';
import { findProcess, ProcessWatch, type Usage } from './measured-process.ts';
import { runMeasured } from './measured-run.ts';
import { javaVersion, stockJvm } from './store-fixture.ts';

export interface Measurement extends Usage {
  readonly durationMs: number;
  /** Phases of {@link durationMs} in order, if the client reports them. */
  readonly phasesMs: Readonly<Record<string, number>>;
}

export interface BackupTarget {
  /** `host:port` */
  readonly from: string;
  readonly backupDir: string;
  readonly name: string;
}

export type BackupKind = 'full' | 'incremental';

/** Backs up once; throws with the client's output if it fails. An incremental must not become a full one. */
export type BackupClient = (target: BackupTarget, kind: BackupKind) => Promise<Measurement>;

export type Protocol = 'common' | 'catchup';

/** Our programs as a user runs them, from this working tree. `nodeArgs` are for profiling. */
export function ourClient(
  scratchDir: string,
  { nodeArgs = [], protocol = 'common' }: { nodeArgs?: readonly string[]; protocol?: Protocol } = {},
): BackupClient {
  const program = path.join(projectRoot, 'bin/neo4j-admin');
  return async (target, kind) => {
    const home = path.join(scratchDir, 'our-home');
    await mkdir(path.join(home, 'conf'), { recursive: true });
    const { from, backupDir, name } = target;
    const targetArgs = [`--from=${from}`, `--backup-dir=${backupDir}`, `--name=${name}`];
    const args = ['backup', ...targetArgs, '--check-consistency=false', ...sharedArguments(kind, protocol)];
    const [command, ...words] =
      nodeArgs.length === 0 ? [program, ...args] : [process.execPath, ...nodeArgs, program, ...args];
    const phases = new Phases(performance.now());
    const run = await runMeasured(command!, words, {
      cwd: home,
      env: { NEO4J_HOME: home, NEO4J_CONF: path.join(home, 'conf') },
      onStdout: (stdout) => phases.see(stdout),
    });
    const { durationMs, peakBytes, cpuMs } = run;
    requireBackup('our client', run);
    return { durationMs, peakBytes, cpuMs, phasesMs: phases.end(durationMs) };
  };
}

/** Our phases, as far as our output shows them; the rest of an incremental counts as one. */
class Phases {
  private readonly startedAt: number;
  private readonly marks: [name: string, text: string][] = [
    ['start', 'oing '],
    ['connect', ' Copying '],
    ['receive files', 'Done, copied '],
  ];
  private readonly seenMs: Record<string, number> = {};
  private lastMs = 0;

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  see(stdout: string): void {
    while (this.marks.length > 0 && stdout.includes(this.marks[0]![1]))
      this.add(this.marks.shift()![0], performance.now());
  }

  end(durationMs: number): Record<string, number> {
    this.add(this.marks.length === 0 ? 'replay and flush' : 'receive and replay', this.startedAt + durationMs);
    return this.seenMs;
  }

  private add(name: string, now: number): void {
    this.seenMs[name] = now - this.startedAt - this.lastMs;
    this.lastMs = now - this.startedAt;
  }
}

/** The real client, run by the test harness with the flags of `small`. */
export function javaClient(jvm: JvmMode, protocol: Protocol = 'common'): BackupClient {
  return async (target, kind) => {
    const watch = new ProcessWatch(() =>
      findProcess('java', [`--backup-dir=${target.backupDir}`, `--name=${target.name}`]),
    );
    const startedAt = performance.now();
    const completed = await javaBackup(javaVersion, {
      ...target,
      args: sharedArguments(kind, protocol),
      ...(jvm === 'small' ? {} : { env: stockJvm }),
    });
    const durationMs = performance.now() - startedAt;
    requireBackup('the Java client', completed);
    return { durationMs, ...watch.stop(), phasesMs: {} };
  };
}

function sharedArguments(kind: BackupKind, protocol: Protocol): string[] {
  return [`--protocol=${protocol}`, `--fallback-to-full=${kind === 'full'}`];
}

function requireBackup(who: string, { code, signal, stdout, stderr }: Completed): void {
  if (code === 0) return;
  throw new Error(`${who} made no backup: exit ${code ?? signal}\n${stdout}${stderr}`);
}
