import { resolve } from 'node:path';
import { parseDurationMs } from '../../config/durations.ts';
import type { DrillServer } from '../../restore/drill/served-drill.ts';
import type { CommandContext } from '../command-context.ts';
import { type OptionValues, parseOption } from '../option-values.ts';

/**
 * The server that `--server-home` names, after a look whether it can be run; undefined without that option.
 * @throws GraphkeepError `server.home`, `server.java`, `usage`
 */
export async function readDrillServer(
  values: OptionValues,
  { cwd, env, signal }: CommandContext,
): Promise<DrillServer | undefined> {
  const home = values.optional('server-home');
  if (home === undefined) return undefined;
  const startMs = parseOption(values, 'start-timeout', parseDurationMs);
  const { openServerHome } = await import('../../restore/drill/server/server-home.ts');
  return { installed: await openServerHome(resolve(cwd, home), env, signal), startMs };
}
