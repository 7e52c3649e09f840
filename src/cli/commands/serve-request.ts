import { resolve } from 'node:path';
import { parseAddress } from '../../config/addresses.ts';
import type { ListenerOptions } from '../../serve/conversation/listener-options.ts';
import { configureListener } from '../../serve/listener-configuration.ts';
import type { CommandContext } from '../command-context.ts';
import { type OptionValues, parseOption } from '../option-values.ts';
import { loadConfig } from './config-loading.ts';

export interface ServeRequest extends Required<Omit<ListenerOptions, 'onEvent'>> {
  /** Absolute path. */
  directory: string;
  /** The directory of its transaction logs. */
  logDirectory: string;
}

/** Turns the user's arguments and configuration into the settings of a listener. */
export async function requestServe(values: OptionValues, context: CommandContext): Promise<ServeRequest> {
  const directory = resolve(context.cwd, values.mandatory('database'));
  const typed = values.isGiven('listen') ? parseOption(values, 'listen', (text) => parseAddress(text ?? '')) : {};
  const config = await loadConfig(context, values.optional('additional-config'));
  const listener = await configureListener(config, typed);
  return { ...listener, directory, logDirectory: config.logDirectoryOf(directory) };
}
