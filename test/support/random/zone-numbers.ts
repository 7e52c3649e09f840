import { zoneName } from '../../../src/store/values/zone-table.ts';

/** Names that occur twice in the list: the number that writers use. */
const preferred = new Map([
  ['US/Pacific', 583],
  ['Canada/Saskatchewan', 551],
  ['Etc/UTC', 570],
]);

const numbers = new Map([...listZones(), ...preferred]);

function* listZones(): Generator<[name: string, number: number]> {
  for (let number = 0; ; number++) {
    const name = zoneName(number);
    if (name === undefined) return;
    yield [name, number];
  }
}

/** The number to store for a zone name; undefined if it cannot be stored. */
export function zoneNumber(name: string): number | undefined {
  return numbers.get(name);
}
