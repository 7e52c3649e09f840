import { GraphkeepError } from '../../base/errors.ts';
import type { CommandContext } from '../command-context.ts';
import { type NativeCommandRow, variableOf } from '../command-table.ts';
import type { Layer } from './option-layers.ts';

/**
 * The options of a command that variables of the environment set. Other variables that begin with GRAPHKEEP_ are not looked at: an
 * orchestrator makes some of its own.
 * @throws GraphkeepError `usage` for an empty one, which is never meant, and a flag that is neither true nor false
 */
export function readEnvironment(command: NativeCommandRow, { env }: CommandContext): Layer {
  const given: Record<string, string | boolean> = {};
  const variables = new Map<string, string>();
  for (const row of command.options) {
    const variable = variableOf(command.name, row);
    const value = variable === undefined ? undefined : env[variable];
    if (variable === undefined || value === undefined) continue;
    if (value === '') throw new GraphkeepError('usage', `${variable} must not be empty`);
    if (row.kind === 'flag' && value !== 'true' && value !== 'false')
      throw new GraphkeepError('usage', `${variable} must be true or false, not '${value}'`);
    const isFlag = row.kind === 'flag' || (row.isBare === true && value === 'true');
    given[row.name] = isFlag ? value === 'true' : value;
    variables.set(row.name, variable);
  }
  return { given, originOf: (option) => ({ variable: variables.get(option)! }) };
}
