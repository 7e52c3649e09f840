import { isAbsolute, join } from 'node:path';

/**
 * Where this user keeps what programs remember between two runs (XDG base directory specification; systemd sets `STATE_DIRECTORY` for a
 * unit with `StateDirectory=`). Undefined for a user without a home.
 */
export function stateDirectoryOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { STATE_DIRECTORY, XDG_STATE_HOME, HOME } = env;
  const ofUnit = STATE_DIRECTORY?.split(':')[0];
  if (isPlace(ofUnit)) return ofUnit;
  if (isPlace(XDG_STATE_HOME)) return join(XDG_STATE_HOME, 'graphkeep');
  return isPlace(HOME) ? join(HOME, '.local', 'state', 'graphkeep') : undefined;
}

function isPlace(path: string | undefined): path is string {
  return path !== undefined && isAbsolute(path);
}
