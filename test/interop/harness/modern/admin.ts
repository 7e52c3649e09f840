import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Completed } from '../child-process.ts';
import { makeScratch } from '../scratch.ts';
import { runModernMain } from './java.ts';
import { ModernVersion } from './modern-version.ts';

const ADMIN = 'org.neo4j.cli.AdminTool';
const DATABASE = 'neo4j';

/** Runs the real `neo4j-admin` of a release on a home. */
export async function runModernAdmin(version: string, home: string, args: readonly string[]): Promise<Completed> {
  const conf = path.join(home, 'conf');
  await mkdir(conf, { recursive: true });
  return runModernMain(version, ADMIN, args, { cwd: home, env: { NEO4J_HOME: home, NEO4J_CONF: conf } });
}

export interface ModernCheck {
  readonly ok: boolean;
  /** Lines of the report; empty if the checker has nothing to object. */
  readonly findings: readonly string[];
}

/**
 * Runs the official checker, with all its parts, on the database of a stopped server. Rejects if it could not do its work, so that "not
 * checked" never passes for an answer.
 */
export async function checkModern(version: string, home: string): Promise<ModernCheck> {
  const reports = makeScratch('check-report');
  const command = new ModernVersion(version).hasPresentNames
    ? ['database', 'check', DATABASE, '--check-property-owners=true', `--report-path=${reports}`]
    : ['check-consistency', `--database=${DATABASE}`, '--check-property-owners=true', `--report-dir=${reports}`];
  const completed = await runModernAdmin(version, home, command);
  const texts = await Promise.all((await readdir(reports)).map((file) => readFile(path.join(reports, file), 'utf8')));
  const findings = texts.flatMap((text) => text.split('\n')).filter((line) => line.trim() !== '');
  if (completed.code !== 0 && findings.length === 0) fail(`check of ${version}`, completed);
  return { ok: completed.code === 0 && findings.length === 0, findings };
}

/** Writes the database of a stopped server into a dump with the official tool; returns the file. */
export async function dumpModern(version: string, home: string): Promise<string> {
  const folder = makeScratch('dump');
  const file = path.join(folder, `${DATABASE}.dump`);
  const command = new ModernVersion(version).hasPresentNames
    ? ['database', 'dump', DATABASE, `--to-path=${folder}`]
    : ['dump', `--database=${DATABASE}`, `--to=${file}`];
  const completed = await runModernAdmin(version, home, command);
  if (completed.code !== 0) fail(`dump of ${version}`, completed);
  return file;
}

/** Loads a dump into a home with the official tool, in place of what is there. */
export async function loadDump(version: string, home: string, dump: string): Promise<void> {
  const folder = makeScratch('load');
  const file = path.join(folder, `${DATABASE}.dump`);
  await copyFile(dump, file);
  // 4.2 does not make them: its first start does.
  for (const name of ['databases', 'transactions']) await mkdir(path.join(home, 'data', name), { recursive: true });
  const command = new ModernVersion(version).hasPresentNames
    ? ['database', 'load', DATABASE, `--from-path=${folder}`, '--overwrite-destination=true']
    : ['load', `--database=${DATABASE}`, `--from=${file}`, '--force'];
  const completed = await runModernAdmin(version, home, command);
  if (completed.code !== 0) fail(`load of ${version}`, completed);
}

function fail(what: string, { code, stdout, stderr }: Completed): never {
  throw new Error(`${what} failed, exit ${code}\n${stdout}${stderr}`);
}
