import { describe, expect, it } from 'vitest';
import { branchOf, IN, OUT } from '../chain-sides.ts';
import { NodeBits } from '../group-chains.ts';
import { ChainSums } from './chain-sums.ts';

/** The arguments of `addPlace`. */
type Place = [node: number, branch: number, id: number, prev: number, next: number, isFirst: boolean];
type Head = [node: number, branch: number, head: number];

const NONE = -1;
const END_ID = 2 ** 40;
const out = branchOf(3, OUT);

/** The example chain in docs/formats/consistency-check.md: node 1 with the relationships 9, 7 and 4. */
const head: Head = [1, out, 9];
const places: Place[] = [
  [1, out, 9, 3, 7, true],
  [1, out, 7, 9, 4, false],
  [1, out, 4, 7, NONE, false],
];

function add(heads: Head[], all: Place[], denseNodes: number[] = []): ChainSums {
  const nodes = new NodeBits();
  for (const id of [1, 2, 2 ** 33, ...denseNodes]) nodes.inUse.add(id);
  for (const id of denseNodes) nodes.dense.add(id);
  const sums = new ChainSums(nodes, END_ID, 16);
  for (const one of heads) sums.addHead(...one);
  for (const place of all) sums.addPlace(...place);
  return sums;
}

function isEven({ ofNodes, ofLinks }: ChainSums): boolean {
  return ofNodes.isZero() && ofLinks.isZero();
}

describe('sums over chains of relationships', () => {
  it.each([
    ['one node', []],
    ['a dense node', [1]],
  ])('sums over chains of relationships are zero if the records of %s agree, in any order', (_what, dense) => {
    expect(isEven(add([head], places, dense))).toBe(true);
    expect(isEven(add([head], places.toReversed(), dense))).toBe(true);
    expect(add([head], places).ascending.size).toBe(0);
  });

  it('sums over chains of relationships are not zero if a head, a place or one of its fields is another one', () => {
    expect(isEven(add([], places))).toBe(false);
    expect(isEven(add([[1, out, 7]], places))).toBe(false);
    expect(isEven(add([[2, out, 9]], places))).toBe(false);
    places.forEach((place, index) => {
      const others = places.filter((other) => other !== place);
      expect(isEven(add([head], others))).toBe(false);
      for (const field of [0, 2, 3, 4]) {
        const changed = [...place] as Place;
        changed[field] = (changed[field] as number) + 1;
        expect(isEven(add([head], [...others, changed])), `place ${index}, field ${field}`).toBe(false);
      }
      const turned = [...place] as Place;
      turned[5] = !turned[5];
      expect(isEven(add([head], [...others, turned]))).toBe(false);
    });
  });

  it('sums over chains of relationships have a chain for each branch of dense nodes only', () => {
    const moved = places.map(
      (place): Place => [
        place[0],
        place[2] === 7 ? branchOf(3, IN) : out,
        ...(place.slice(2) as [number, number, number, boolean]),
      ],
    );
    expect(isEven(add([head], moved))).toBe(true);
    expect(isEven(add([head], moved, [1]))).toBe(false);
  });

  it('sums over chains of relationships distinguish numbers with the same low 32 bits', () => {
    const large: Place[] = [
      [2 ** 33, out, 2 ** 34 + 9, 2, 2 ** 34 + 7, true],
      [2 ** 33, out, 2 ** 34 + 7, 2 ** 34 + 9, NONE, false],
    ];
    const largeHead: Head = [2 ** 33, out, 2 ** 34 + 9];
    expect(isEven(add([largeHead], large))).toBe(true);
    for (const distance of [2 ** 32, -(2 ** 32), 2 ** 35, -(2 ** 35), 2 ** 45]) {
      expect(isEven(add([[1, out, 9 + distance]], places))).toBe(false);
      places.forEach((place, index) => {
        const others = places.filter((other) => other !== place);
        for (const field of [0, 2, 3, 4]) {
          const changed = [...place] as Place;
          changed[field] = (changed[field] as number) + distance;
          const what = `place ${index}, field ${field}, ${distance}`;
          expect(isEven(add([head], [...others, changed])), what).toBe(false);
        }
      });
    }
  });

  it('sums over chains of relationships note the nodes of chains that do not descend', () => {
    const sums = add(
      [[1, out, 4]],
      [
        [1, out, 4, 2, 7, true],
        [1, out, 7, 4, NONE, false],
      ],
    );
    expect(isEven(sums)).toBe(true);
    expect([...sums.ascending.without()]).toEqual([1]);
  });
});
