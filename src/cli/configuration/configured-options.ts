import { GraphkeepError, hasCode } from '../../base/errors.ts';
import type { CommandContext } from '../command-context.ts';
import type { NativeCommandRow } from '../command-table.ts';
import { GivenValues } from '../given-values.ts';
import { readEnvironment } from './environment-options.ts';
import { type ConfigFilePlace, findConfigFile } from './file-place.ts';
import { type Layer, type Origin, settleLayers } from './option-layers.ts';

/** The options of a command with all that was not typed, and where that comes from. */
export interface ConfiguredOptions {
  readonly values: GivenValues;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly file: ConfigFilePlace | undefined;
  /** What the file has to offer, for who has chosen nothing. */
  readonly repositoryNames: readonly string[];
}

const typedLayer = ({ given }: GivenValues): Layer => ({ given, originOf: () => undefined });

/**
 * What was typed and what the environment says, without the configuration file.
 * @throws GraphkeepError `usage`
 */
export function withEnvironment(command: NativeCommandRow, typed: GivenValues, context: CommandContext): GivenValues {
  const { given } = settleLayers(command, [typedLayer(typed), readEnvironment(command, context)]);
  return new GivenValues(command.options, given);
}

/**
 * What was typed, then what the environment says, then the configuration file.
 * @throws GraphkeepError `usage`, `config`, `config.unreadable`
 */
export async function configureOptions(
  command: NativeCommandRow,
  typed: GivenValues,
  context: CommandContext,
): Promise<ConfiguredOptions> {
  const upper = [typedLayer(typed), readEnvironment(command, context)];
  const file = takesFile(command) ? findConfigFile(typed.optional('config'), context) : undefined;
  if (file === undefined) {
    const { given, origins } = settleLayers(command, upper);
    return { values: new GivenValues(command.options, given), origins, file, repositoryNames: [] };
  }
  // A command without a file does without YAML and its schema.
  const [{ ConfigFile }, { readFileOptions }] = await Promise.all([
    import('./config-file.ts'),
    import('./file-options.ts'),
  ]);
  const config = await ConfigFile.read(file.file, context);
  const options = readFileOptions(config, command, settleAbove(command, upper));
  const settled = options.repositories.map(({ places, layers }) => {
    const { given, origins } = settleLayers(command, [...upper, ...layers]);
    const { database, ...others } = given;
    const name = options.dropsName ? undefined : renamed(command, options.database, database);
    return {
      given: {
        ...others,
        ...(name === undefined ? {} : { database: name }),
        ...Object.fromEntries(Object.entries(places).filter(([option]) => given[option] !== undefined)),
      },
      origins,
    };
  });
  const [{ given, origins }] = settled as [(typeof settled)[number]];
  const all = settled.map((one) => one.given);
  const values = new GivenValues(command.options, given, all);
  return { values, origins, file, repositoryNames: config.repositoryNames };
}

function takesFile({ options }: NativeCommandRow): boolean {
  return options.some(({ name }) => name === 'config');
}

/** A database chooses its entry, whether or not the command needs its name. */
function settleAbove(command: NativeCommandRow, upper: readonly Layer[]) {
  const rows = command.options.map(({ only: _, ...row }) => row);
  return settleLayers({ ...command, options: rows }, upper);
}

/** A restore has the name in the repository in an option of its own. */
function renamed({ name }: NativeCommandRow, inRepository: string | undefined, given: string | boolean | undefined) {
  return name === 'restore' ? given : (inRepository ?? given);
}

/** The same error with where the option that it is about was set, if it was not typed. */
export function explainOrigin(error: unknown, origins: ReadonlyMap<string, Origin>): unknown {
  if (!hasCode(error, 'usage') || error.place !== undefined) return error;
  for (const [option, origin] of origins) {
    if (!new RegExp(`--${option}(?![\\w-])`).test(error.message)) continue;
    const details = { cause: error, observed: error.observed, original: error.original };
    const known = Object.fromEntries(Object.entries(details).filter(([, detail]) => detail !== undefined));
    return 'variable' in origin
      ? new GraphkeepError('usage', error.message, { ...known, hint: `--${option} is set by ${origin.variable}.` })
      : new GraphkeepError('usage', error.message, { ...known, place: origin.place, hint: 'Correct it there.' });
  }
  return error;
}
