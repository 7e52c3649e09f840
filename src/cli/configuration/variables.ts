import type { ErrorPlace } from '../../base/errors.ts';
import { wrong } from './file-text.ts';

/** A doubled dollar, or a reference up to its brace. */
const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Replaces `${NAME}` by the variable of the environment. `$${` stands for `${`.
 * @throws GraphkeepError `config` for a variable that is not set, and for what is none
 */
export function expandVariables(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  place: ErrorPlace,
): string {
  return text.replace(REFERENCE, (whole, name: string | undefined, end: string) => {
    if (name === undefined) return whole.slice(1);
    if (end === '' || !NAME.test(name)) {
      const hint = 'Write a dollar sign twice if no variable is meant; a variable has letters, digits and underscores.';
      throw wrong('${ does not begin the name of a variable', place, hint);
    }
    const value = env[name];
    if (value === undefined) {
      const hint = 'Set the variable where the command is started, or write the value itself.';
      throw wrong(`the variable ${name} is not set`, place, hint);
    }
    return value;
  });
}
