import type { ErrorPlace } from '../../base/errors.ts';
import type { NativeCommandRow, OptionRow } from '../command-table.ts';
import type { Given } from '../given-values.ts';

/** Where the value of an option was set, if it was not typed. */
export type Origin = { variable: string } | { place: ErrorPlace };

/** Options that were set in one place. */
export interface Layer {
  readonly given: Given;
  /** Undefined for what was typed. */
  readonly originOf: (option: string) => Origin | undefined;
  /** True of the configuration file: of an option that may be given without a value, it only says which value that is. */
  readonly isFile?: true;
}

export interface Settled {
  readonly given: Given;
  readonly origins: ReadonlyMap<string, Origin>;
}

/**
 * The options that count, of several layers: the ones of the first layer, then what the next one adds, and so on. What excludes an option
 * of an earlier layer gives way; options of one layer that exclude each other stay, for the command to refuse.
 */
export function settleLayers({ options }: NativeCommandRow, layers: readonly Layer[]): Settled {
  const rows = new Map(options.map((row) => [row.name, row]));
  const given: Record<string, string | boolean> = {};
  const origins = new Map<string, Origin>();
  for (const layer of layers) {
    const earlier = Object.entries(given);
    for (const [name, value] of Object.entries(layer.given)) {
      const row = rows.get(name);
      const onlySaysWhich = layer.isFile === true && row?.isBare === true;
      if (onlySaysWhich ? given[name] !== true : name in given) continue;
      if (row === undefined || earlier.some((other) => excludeEachOther(rows, other, [name, value]))) continue;
      given[name] = value;
      const origin = layer.originOf(name);
      if (origin !== undefined) origins.set(name, origin);
    }
  }
  for (const name of origins.keys()) {
    const needed = rows.get(name)!.only;
    if (needed === undefined || !rows.has(needed) || needed in given) continue;
    delete given[name];
    origins.delete(name);
  }
  return { given, origins };
}

type Value = [name: string, value: string | boolean];

function excludeEachOther(rows: ReadonlyMap<string, OptionRow>, one: Value, other: Value): boolean {
  const [first, second] = [rows.get(one[0])!, rows.get(other[0])!];
  if (first.excludes?.includes(second.name) !== true && second.excludes?.includes(first.name) !== true) return false;
  return says(first, one[1]) && says(second, other[1]);
}

/** A flag that is set to its default says nothing. */
function says({ kind, default: standard }: OptionRow, value: string | boolean): boolean {
  return kind === 'value' || String(value) !== standard;
}
