import { resolve } from 'node:path';
import type { CommandContext } from '../command-context.ts';
import type { OptionValues } from '../option-values.ts';

/** What `--repo`, or another option, names; a folder with its whole path. */
export function repositoryLocation(values: OptionValues, context: CommandContext, option = 'repo'): string {
  const typed = values.mandatory(option);
  return /^[a-z][a-z0-9+.-]+:/i.test(typed) ? typed : resolve(context.cwd, typed);
}
