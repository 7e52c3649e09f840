const SHORTEST_BEGINNING = 4;

/** The name that somebody may have meant; undefined if none is near. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(typed.length / 3));
  let nearest: string | undefined;
  let least = most + 1;
  for (const name of names) {
    // No need to compare what differs too much in length, as a very long name does.
    if (Math.abs(name.length - typed.length) > most) continue;
    const distance = editDistance(plain(typed), plain(name));
    if (distance < least) [nearest, least] = [name, distance];
  }
  return nearest ?? [...names].find((name) => isBeginning(typed, name) || isBeginning(name, typed));
}

/** Some write less of a word, or more. */
function isBeginning(short: string, long: string): boolean {
  return short.length >= SHORTEST_BEGINNING && plain(long).startsWith(plain(short));
}

/** The same name in another style is the same. */
const plain = (name: string): string => name.toLowerCase().replace(/[-_]/g, '');

/** How many letters have to be added, removed, replaced or swapped with their neighbour. */
function editDistance(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= one.length; i++) {
    const row = [i];
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (isSame ? 0 : 1));
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isSwapped) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows[one.length]![other.length]!;
}
