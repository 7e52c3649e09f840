import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import type { CommandContext } from '../command-context.ts';

const NAME = join('graphkeep', 'graphkeep.yaml');
const NONE = 'none';

/** A configuration file, and who named it. */
export interface ConfigFilePlace {
  file: string;
  by: 'option' | 'variable' | 'user' | 'system';
}

/**
 * The configuration file of a command: that of `--config`, of GRAPHKEEP_CONFIG, of the user, or of the system. The first one counts alone.
 * The working directory is not searched: a command must not do something else because of where it was started.
 * @throws GraphkeepError `usage` if the variable is empty
 */
export function findConfigFile(
  typed: string | undefined,
  context: CommandContext,
  systemFolder = '/etc',
): ConfigFilePlace | undefined {
  const { env } = context;
  if (typed !== undefined) return named(typed, 'option', context);
  if (env.GRAPHKEEP_CONFIG === '') throw new GraphkeepError('usage', 'GRAPHKEEP_CONFIG must not be empty');
  if (env.GRAPHKEEP_CONFIG !== undefined) return named(env.GRAPHKEEP_CONFIG, 'variable', context);
  const places = [
    ...userFolders(env).map((folder) => ({ file: join(folder, NAME), by: 'user' as const })),
    { file: join(systemFolder, NAME), by: 'system' as const },
  ];
  return places.find(({ file }) => existsSync(file));
}

function named(file: string, by: 'option' | 'variable', context: CommandContext): ConfigFilePlace | undefined {
  return file === NONE ? undefined : { file: isAbsolute(file) ? file : resolve(context.cwd, file), by };
}

/** As the XDG Base Directory Specification says, which has a relative path ignored. */
function userFolders({ XDG_CONFIG_HOME: own, HOME: home }: CommandContext['env']): string[] {
  if (own !== undefined && isAbsolute(own)) return [own];
  return home !== undefined && isAbsolute(home) ? [join(home, '.config')] : [];
}
