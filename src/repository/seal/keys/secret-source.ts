import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { cancelledError, throwIfCancelled } from '../../../base/cancellation.ts';
import { type ErrorDetails, GraphkeepError } from '../../../base/errors.ts';
import { systemCodeOf } from '../../../base/file-errors.ts';
import { remedyForFile } from '../../../base/system-remedies.ts';
import { startTimer } from '../../../base/timers.ts';

/** Where a secret comes from. It is never an argument of a command line, which other users can read. */
export type SecretSource =
  | { file: string }
  /** Name of an environment variable. */
  | { environment: string }
  /** A program with its arguments; it prints the secret. */
  | { command: readonly string[] };

export interface ReadOptions {
  signal?: AbortSignal;
  /** Time for a command; 10 seconds by default. */
  timeoutMs?: number;
}

const MOST_BYTES = 1024 * 1024;
const COMMAND_MS = 10_000;

/**
 * Reads a secret. Errors show nothing of it and nothing that a command printed; what a command writes to stderr goes to ours.
 * @throws `repository.key-unreadable`, `cancelled`
 */
export async function readSecret(source: SecretSource, options: ReadOptions = {}): Promise<Buffer> {
  throwIfCancelled(options.signal);
  if ('file' in source) return await readSecretFile(source.file);
  if ('environment' in source) return readVariable(source.environment);
  return await runCommand(source.command, options);
}

async function readSecretFile(file: string): Promise<Buffer> {
  try {
    return await collect(createReadStream(file));
  } catch (error) {
    if (error instanceof GraphkeepError) throw error;
    const hint = remedyForFile(systemCodeOf(error), file);
    const details: ErrorDetails = { place: { file }, cause: error, ...(hint === undefined ? {} : { hint }) };
    throw unreadable('cannot read the file that should hold the secret', details);
  }
}

function readVariable(name: string): Buffer {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw unreadable(`the environment variable ${name}, which should hold the secret, is not set`);
  }
  return Buffer.from(value);
}

async function runCommand(
  command: readonly string[],
  { signal, timeoutMs = COMMAND_MS }: ReadOptions,
): Promise<Buffer> {
  const [program, ...args] = command;
  if (program === undefined) throw unreadable('the command that should print the secret is empty');
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let stop: ((error: GraphkeepError) => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = reject;
  });
  const onAbort = () => stop!(cancelledError(signal!));
  signal?.addEventListener('abort', onAbort);
  const timer = startTimer(() => stop!(unreadable(`the command ${program} took too long`)), timeoutMs);
  try {
    return await Promise.race([outputOf(child, program), stopped]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    child.kill('SIGKILL');
    // A child of the command may keep the pipe open.
    child.stdout.destroy();
  }
}

async function outputOf(child: ReturnType<typeof spawn>, program: string): Promise<Buffer> {
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(unreadable(`cannot run the command ${program}`, { cause: error })));
    child.once('exit', (code, killedBy) => {
      if (code === 0) resolve();
      else reject(unreadable(`the command ${program} failed`, { observed: killedBy ?? `exit code ${code}` }));
    });
  });
  const [output] = await Promise.all([collect(child.stdout!), ended]);
  return output;
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw unreadable('what should be a secret is larger than 1 MiB');
  }
  return Buffer.concat(chunks);
}

function unreadable(message: string, details: ErrorDetails = {}): GraphkeepError {
  return new GraphkeepError('repository.key-unreadable', message, details);
}
