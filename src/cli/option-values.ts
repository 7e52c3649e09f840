import { GraphkeepError, hasCode } from '../base/errors.ts';
import { UnexpectedValue } from './unexpected-value.ts';

/** The values of a command's options, whichever front parsed them. Reading a bad value throws a GraphkeepError `usage`. */
export interface OptionValues {
  /** @throws GraphkeepError `usage` if it was not given */
  mandatory(name: string): string;
  /** The value, or the default of the option's row; undefined if there is neither. */
  optional(name: string): string | undefined;
  /** A flag that was given; otherwise undefined. */
  givenFlag(name: string): boolean | undefined;
  /** A flag with the default of its row. */
  flag(name: string): boolean;
  /** True if the option was given, with or without a value. */
  isGiven(name: string): boolean;
  /** True if it was given with an empty value, like `--name=$VARIABLE` with an unset variable. */
  isEmpty(name: string): boolean;
  /** The same options once for each repository that is meant: each has its own place, credentials and keys. */
  perRepository(): readonly OptionValues[];
}

/** Reads the value of an option, or its default if it was not given; the error for a bad value names the option. */
export function parseOption<T>(values: OptionValues, name: string, parse: (text: string) => T): T {
  try {
    return parse(values.optional(name)!);
  } catch (error) {
    if (!hasCode(error, 'usage')) throw error;
    const message = `--${name}: ${error.message}`;
    const original = error.original ?? error.message;
    if (error instanceof UnexpectedValue) throw new UnexpectedValue(message, original);
    throw new GraphkeepError('usage', message, { original });
  }
}
