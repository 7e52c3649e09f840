import { resolve } from 'node:path';
import type { CommandContext } from '../command-context.ts';
import type { OptionValues } from '../option-values.ts';

/** What `--repo` names; a folder with its whole path. */
export function repositoryLocation(values: OptionValues, context: CommandContext): string {
  const typed = values.mandatory('repo');
  return /^[a-z][a-z0-9+.-]+:/i.test(typed) ? typed : resolve(context.cwd, typed);
}
