import type { Dice } from '../../../src/base/dice.ts';
import type { ModelProperties } from '../history/model-graph.ts';
import type { RecordedTransaction } from '../history/recorded-transaction.ts';
import type { LoadValues } from './load-values.ts';

/** Ids that the load believes to exist; some of them are gone. */
export class KnownIds {
  private readonly ids: number[] = [];

  add(id: number): void {
    this.ids.push(id);
  }

  pick(dice: Dice): number | undefined {
    return this.ids.length === 0 ? undefined : dice.pick(this.ids);
  }

  take(dice: Dice): number | undefined {
    if (this.ids.length === 0) return undefined;
    const place = dice.below(this.ids.length);
    const id = this.ids[place]!;
    const last = this.ids.pop()!;
    if (place < this.ids.length) this.ids[place] = last;
    return id;
  }
}

/** Shared by the writers of one load. */
export interface LoadState {
  readonly nodes: KnownIds;
  readonly relationships: KnownIds;
  /** Dense nodes that are never deleted. */
  readonly hubs: number[];
  readonly values: LoadValues;
  nextUid: number;
  nextToken: number;
  relationshipsOf(node: number): readonly { id: number }[];
}

type Change = (tx: RecordedTransaction, dice: Dice, state: LoadState) => void;

const TYPES = ['KNOWS', 'LIKES', 'OWNS', 'MENTIONS', 'NEXT', 'PART_OF', 'A_TYPE_WITH_A_RATHER_LONG_NAME_OF_ITS_OWN'];
const LABELS = Array.from({ length: 24 }, (_, i) => `L${i}`);
const LABEL_SETS = [
  [],
  ['L0'],
  ['L1', 'L2'],
  ['L5', 'L4', 'L3'],
  ['Thing'],
  ['Thing', 'L0'],
  ['Thing', 'L4', 'L9'],
  LABELS.slice(0, 12),
  LABELS,
];
const FREE_KEYS = Array.from({ length: 12 }, (_, i) => `p${i}`);
const INDEXED_KEYS = ['name', 'mixed', 'first', 'second'];
const NODE_KEYS = [...FREE_KEYS, ...INDEXED_KEYS, ...INDEXED_KEYS];

function someProperties(dice: Dice, state: LoadState, keys: readonly string[], most: number): ModelProperties {
  const properties: ModelProperties = {};
  for (let left = dice.below(most + 1); left > 0; left--) {
    const key = dice.pick(keys);
    properties[key] = INDEXED_KEYS.includes(key) ? state.values.pickIndexed() : state.values.pick();
  }
  return properties;
}

const nodeProperties = (dice: Dice, state: LoadState) => someProperties(dice, state, NODE_KEYS, 7);
const relationshipProperties = (dice: Dice, state: LoadState) =>
  dice.chance(0.4) ? {} : someProperties(dice, state, FREE_KEYS, 4);

function pickNode(tx: RecordedTransaction, dice: Dice, state: LoadState): number | undefined {
  const id = state.nodes.pick(dice);
  return id !== undefined && tx.hasNode(id) ? id : undefined;
}

const createNode: Change = (tx, dice, state) => {
  tx.createNode(dice.pick(LABEL_SETS), nodeProperties(dice, state));
};

const createPerson: Change = (tx, dice, state) => {
  const uid = dice.chance(0.02) ? dice.between(1, state.nextUid) : state.nextUid++;
  tx.createNode(['Person'], { ...nodeProperties(dice, state), uid: { type: 'long', value: BigInt(uid) } });
};

function connect(tx: RecordedTransaction, dice: Dice, state: LoadState, start?: number, end?: number): void {
  if (start === undefined || end === undefined) return;
  if (!tx.hasNode(start) || !tx.hasNode(end)) return;
  tx.createRelationship(start, dice.pick(TYPES), end, relationshipProperties(dice, state));
}

const createTwo: Change = (tx, dice, state) => {
  const start = tx.createNode(['L1'], nodeProperties(dice, state));
  const end = tx.createNode(dice.pick(LABEL_SETS), nodeProperties(dice, state));
  connect(tx, dice, state, start, end);
};

const connectNodes: Change = (tx, dice, state) => {
  const start = state.nodes.pick(dice);
  connect(tx, dice, state, start, dice.chance(0.05) ? start : state.nodes.pick(dice));
};

const connectToHub: Change = (tx, dice, state) => {
  const hub = dice.pick(state.hubs);
  const node = dice.chance(0.15) ? dice.pick(state.hubs) : state.nodes.pick(dice);
  if (dice.chance(0.5)) connect(tx, dice, state, node, hub);
  else connect(tx, dice, state, hub, node);
};

const makeDense: Change = (tx, dice, state) => {
  const node = pickNode(tx, dice, state);
  if (node === undefined) return;
  for (let left = dice.between(45, 80); left > 0; left--) {
    const leaf = tx.createNode(['Leaf'], {});
    connect(tx, dice, state, node, leaf);
  }
};

const changeProperties: Change = (tx, dice, state) => {
  const id = pickNode(tx, dice, state);
  if (id === undefined) return;
  for (const [key, value] of Object.entries(nodeProperties(dice, state)))
    tx.setNodeProperty(id, key, dice.chance(0.3) ? undefined : value);
};

const changeRelationship: Change = (tx, dice, state) => {
  const id = state.relationships.pick(dice);
  if (id === undefined || !tx.hasRelationship(id)) return;
  for (const [key, value] of Object.entries(relationshipProperties(dice, state)))
    tx.setRelationshipProperty(id, key, dice.chance(0.3) ? undefined : value);
};

const changeGraph: Change = (tx, dice, state) => {
  tx.setGraphProperty(dice.pick(FREE_KEYS), dice.chance(0.3) ? undefined : state.values.pick());
};

const addLabels: Change = (tx, dice, state) => {
  const id = pickNode(tx, dice, state);
  if (id === undefined) return;
  const labels = dice.chance(0.2) ? LABELS.slice(3, 18) : [dice.pick([...LABELS, 'Thing'])];
  for (const label of labels) tx.addLabel(id, label);
};

const removeLabel: Change = (tx, dice, state) => {
  const id = pickNode(tx, dice, state);
  if (id !== undefined) tx.removeLabel(id, dice.pick([...LABELS, 'Thing']));
};

const deleteRelationship: Change = (tx, dice, state) => {
  const id = state.relationships.take(dice);
  if (id !== undefined && tx.hasRelationship(id)) tx.deleteRelationship(id);
};

const deleteNode: Change = (tx, dice, state) => {
  const id = state.nodes.take(dice);
  if (id === undefined || !tx.hasNode(id)) return;
  const created = tx.createdRelationships.filter(({ start, end }) => start === id || end === id);
  for (const relationship of [...state.relationshipsOf(id), ...created])
    if (tx.hasRelationship(relationship.id)) tx.deleteRelationship(relationship.id);
  tx.deleteNode(id);
};

const createAndDelete: Change = (tx, dice, state) => {
  const start = tx.createNode(['Gone'], nodeProperties(dice, state));
  const end = tx.createNode(['Gone'], {});
  tx.deleteRelationship(tx.createRelationship(start, 'NEXT', end, relationshipProperties(dice, state)));
  tx.deleteNode(start);
  tx.deleteNode(end);
};

const newTokens: Change = (tx, dice, state) => {
  if (state.nextToken >= 60) return;
  const name = `${state.nextToken++}_${dice.chance(0.3) ? 'a_long_token_name_that_needs_several_records' : 'x'}`;
  const node = tx.createNode([`Label_${name}`], { [`key_${name}`]: state.values.pick() });
  tx.createRelationship(node, `TYPE_${name}`, tx.createNode(['L0'], {}), {});
};

const weighted: readonly [Change, number][] = [
  [createNode, 12],
  [createPerson, 4],
  [createTwo, 6],
  [connectNodes, 14],
  [connectToHub, 12],
  [makeDense, 0.3],
  [changeProperties, 16],
  [changeRelationship, 7],
  [changeGraph, 1],
  [addLabels, 6],
  [removeLabel, 5],
  [deleteRelationship, 7],
  [deleteNode, 5],
  [createAndDelete, 1],
  [newTokens, 1],
];
const TOTAL = weighted.reduce((sum, [, weight]) => sum + weight, 0);

/** Makes one random change; does nothing if what it chose is gone. */
export function makeChange(tx: RecordedTransaction, dice: Dice, state: LoadState): void {
  let rest = dice.next() * TOTAL;
  const [change] = weighted.find(([, weight]) => {
    rest -= weight;
    return rest < 0;
  })!;
  change(tx, dice, state);
}
