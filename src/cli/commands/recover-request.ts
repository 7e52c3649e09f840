import { resolve } from 'node:path';
import { parseHeapBytes } from '../../config/sizes.ts';
import type { RecoverDatabaseOptions } from '../../restore/database-recovery.ts';
import type { CommandContext } from '../command-context.ts';
import { loadConfig } from './config-loading.ts';

/** Memory for changes and page buffers if HEAP_SIZE is not set. */
const DEFAULT_MEMORY_BYTES = 128 * 1024 * 1024;

/** Turns the user's arguments into a recovery. */
export async function requestRecover(directory: string, context: CommandContext): Promise<RecoverDatabaseOptions> {
  const path = resolve(context.cwd, directory);
  const { HEAP_SIZE } = context.env;
  return {
    directory: path,
    logDirectory: (await loadConfig(context)).logDirectoryOf(path),
    budgetBytes: HEAP_SIZE ? parseHeapBytes(HEAP_SIZE) : DEFAULT_MEMORY_BYTES,
    signal: context.signal,
  };
}
