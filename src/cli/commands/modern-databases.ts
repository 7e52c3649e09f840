import { resolve } from 'node:path';
import { hasCode } from '../../base/errors.ts';
import { parseFileAddress } from '../../config/addresses.ts';
import { findRecoveredGeneration } from '../../generation/recovered-generations.ts';
import {
  chooseModernDatabases,
  locateModernDatabases,
  type ModernDatabase,
} from '../../source/modern-files/modern-location.ts';
import type { CommandContext } from '../command-context.ts';
import type { OptionValues } from '../option-values.ts';

/**
 * The databases of a server of 4.2 or later that `--from=file:` names: the one of `--database`, all with `*`, or by default those that the
 * server opens, which are the one of its users and `system`. Undefined for anything else.
 */
export async function findModernDatabases(
  values: OptionValues,
  { cwd }: CommandContext,
): Promise<readonly ModernDatabase[] | undefined> {
  const path = parseFileAddress(values.optional('from') ?? '');
  if (path === undefined) return undefined;
  const all = await locate(resolve(cwd, path), values.optional('additional-config'));
  const [first] = all ?? [];
  if (first === undefined || (await findRecoveredGeneration(first.directory)) === undefined) return undefined;
  const wanted = values.isGiven('database') ? values.optional('database') : undefined;
  return chooseModernDatabases(all!, wanted, path);
}

async function locate(path: string, configFile: string | undefined): Promise<readonly ModernDatabase[] | undefined> {
  try {
    return (await locateModernDatabases(path, configFile)).databases;
  } catch (error) {
    // Perhaps a database of 3.x, which is looked for elsewhere.
    if (hasCode(error, 'backup.missing')) return undefined;
    throw error;
  }
}
