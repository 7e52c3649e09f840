import { resolve } from 'node:path';
import { GraphkeepError } from '../../base/errors.ts';
import { parseAddress } from '../../config/addresses.ts';
import { findServerConfig } from '../../config/database-location.ts';
import type { ListenerOptions } from '../../serve/conversation/listener-options.ts';
import { configureListener } from '../../serve/listener-configuration.ts';
import { type OpenServed, openLive, openStopped } from '../../serve/open-served.ts';
import type { CommandContext } from '../command-context.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import { loadGivenConfig } from './config-loading.ts';

export interface ServeRequest extends Required<Omit<ListenerOptions, 'onEvent'>> {
  /** Absolute path, of a database or of a server. */
  directory: string;
  open(): Promise<OpenServed>;
}

/** Turns the user's arguments and configuration into the settings of a listener. */
export async function requestServe(values: OptionValues, context: CommandContext): Promise<ServeRequest> {
  const path = readPath(values);
  const directory = resolve(context.cwd, path);
  const typed = values.isGiven('listen') ? parseOption(values, 'listen', (text) => parseAddress(text ?? '')) : {};
  const given = await loadGivenConfig(context, values.optional('additional-config'));
  if (values.isGiven('live')) {
    const config = await findServerConfig(directory, given);
    return { ...(await configureListener(config, typed)), directory, open: () => openLive(directory, given) };
  }
  const { config } = given;
  return { ...(await configureListener(config, typed)), directory, open: () => openStopped(directory, config) };
}

function readPath(values: OptionValues): string {
  const [database, live] = [values.optional('database'), values.optional('live')];
  if ((database === undefined) !== (live === undefined)) return (database ?? live)!;
  throw new GraphkeepError(
    'usage',
    database === undefined ? 'either --database or --live is needed' : '--database and --live exclude each other',
    { hint: '--database serves a closed database or a backup, --live the database of a server that may be running.' },
  );
}
