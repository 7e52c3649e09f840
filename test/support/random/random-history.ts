import type { DecodedTransaction } from '../../../src/log/v3/transaction-codec.ts';
import { encodeSchemaRule, type RuleSchema } from '../../../src/store/graph/schema-rule.ts';
import { dynamicLabelField, encodeDynamicLabels, encodeInlineLabels } from '../../../src/store/values/labels.ts';
import { HistoryModel } from '../history/history-model.ts';
import type { ModelGroup, ModelNode, ModelRelationship } from '../history/model-records.ts';
import type { MemoryStore } from '../stores/memory-store.ts';
import type { Dice } from './dice.ts';
import { changeProperties, removeProperties } from './random-properties.ts';

const LABELS = 12;
const FIRST_TRANSACTION = 2;

/**
 * A plausible history of an empty store: transactions that create, change and delete nodes, relationships, groups, properties and schema
 * rules, and reuse ids. Label lists, property chains and values are complete at every step, and counts are right. The numbers in the
 * relationship chains are arbitrary, which yields every form of a record (replay does not follow them).
 */
export function makeHistory(empty: MemoryStore, dice: Dice, length: number): DecodedTransaction[] {
  const model = new HistoryModel(empty, dice);
  const steps = [addNode, addNode, ...changes, ...changes, deleteNode, deleteRelationship, deleteGroup];
  const transactions: DecodedTransaction[] = [];
  for (let i = 0; i < length; i++) {
    if (i === 0) addTokens(model);
    else for (let left = dice.between(1, 4); left > 0; left--) dice.pick(steps)(model);
    const commands = model.commit();
    if (commands.length === 0) continue;
    const transactionId = FIRST_TRANSACTION + transactions.length;
    const timeStarted = 1_500_000_000_000 + 10 * i;
    const header = Buffer.from([dice.below(256), dice.below(256), 0, 0, 0, 0, 0, i & 0xff]);
    transactions.push({
      start: { masterId: -1, authorId: -1, timeStarted, latestCommittedWhenStarted: transactionId - 1, header },
      commands,
      commit: { transactionId, timeCommitted: timeStarted + 1 },
    });
  }
  return transactions;
}

function addTokens(model: HistoryModel): void {
  for (let i = 0; i < LABELS; i++)
    model.addToken('label', `Label ${i}${i % 5 === 0 ? ' with a name of many records'.repeat(2) : ''}`);
  for (const name of ['KNOWS', 'LIKES']) model.addToken('relationshipType', name);
  for (let i = 0; i < 8; i++) model.addToken('propertyKey', `key${i}`);
}

/** A number for a place in a chain that replay does not follow: mostly near, sometimes too large for the fixed form. */
function anyReference(model: HistoryModel, bits: 'narrow' | 'wide'): number {
  const { dice } = model;
  if (dice.chance(0.3)) return -1;
  if (bits === 'wide' && dice.chance(0.4)) return 2 ** dice.between(36, 49) + dice.below(1000);
  return dice.chance(0.2) ? 2 ** dice.between(8, 31) : dice.below(300);
}

function width(model: HistoryModel): 'narrow' | 'wide' {
  return model.hasWideReferences ? 'wide' : 'narrow';
}

function addNode(model: HistoryModel): void {
  const id = model.takeId('node');
  const blank: ModelNode = {
    fixed: model.dice.chance(0.6),
    unit: -1,
    dense: model.dice.chance(0.2),
    nextRel: anyReference(model, width(model)),
    nextProp: -1,
    labels: [],
    labelField: 0,
    labelChain: [],
  };
  model.set('node', id, blank);
  relabel(model, id);
  if (model.dice.chance(0.6)) changeProperties(model, 'node', id);
}

function relabel(model: HistoryModel, id: number): void {
  const { dice } = model;
  const node = model.get('node', id);
  const labels = dice.some(model.tokens.label, dice.pick([0, 0.2, 0.8]));
  const inline = encodeInlineLabels(labels);
  if (inline !== undefined) {
    model.set('node', id, { ...node, labels, labelField: inline, labelChain: [] });
    return;
  }
  const old = node.labelChain.map((record) => record.id);
  const chain = model.chain('nodeLabels', -1, encodeDynamicLabels(id, labels), dice.chance(0.5) ? old : []);
  model.set('node', id, { ...node, labels, labelField: dynamicLabelField(chain[0]!.id), labelChain: chain });
}

/** Some record that existed before this transaction. */
function pickOld(model: HistoryModel, key: 'node' | 'relationship' | 'relationshipGroup'): number | undefined {
  const ids = model.ids(key).filter((id) => !model.createdNow(key, id));
  return ids.length === 0 ? undefined : model.dice.pick(ids);
}

function changeLabels(model: HistoryModel): void {
  const id = pickOld(model, 'node');
  // At most one list of labels per transaction: an id that it gave up may not come back in it.
  if (id !== undefined && !model.isTouched('node', id)) relabel(model, id);
}

function changeNode(model: HistoryModel): void {
  const id = pickOld(model, 'node');
  if (id === undefined) return;
  const { dice } = model;
  const node = model.get('node', id);
  model.set('node', id, { ...node, nextRel: anyReference(model, width(model)), fixed: dice.chance(0.6) });
}

function deleteNode(model: HistoryModel): void {
  const id = pickOld(model, 'node');
  if (id === undefined) return;
  const mine = [...model.tables.relationship].filter(([, { start, end }]) => start === id || end === id);
  if (mine.some(([relationship]) => model.createdNow('relationship', relationship))) return;
  for (const [relationship] of mine) {
    removeProperties(model, 'relationship', relationship);
    model.set('relationship', relationship, undefined);
  }
  removeProperties(model, 'node', id);
  model.set('node', id, undefined);
}

function randomChains(model: HistoryModel) {
  const { dice } = model;
  const reference = () => anyReference(model, width(model));
  return {
    fixed: dice.chance(0.6),
    startPrev: Math.max(0, reference()),
    startNext: reference(),
    endPrev: Math.max(0, reference()),
    endNext: reference(),
    markers: dice.below(4),
  };
}

function addRelationship(model: HistoryModel): void {
  const { dice } = model;
  const nodes = model.ids('node');
  if (nodes.length === 0) return;
  const id = model.takeId('relationship');
  const ends = { start: dice.pick(nodes), end: dice.pick(nodes), type: dice.pick(model.tokens.relationshipType) };
  const record: ModelRelationship = { unit: -1, nextProp: -1, ...ends, ...randomChains(model) };
  model.set('relationship', id, record);
  if (dice.chance(0.4)) changeProperties(model, 'relationship', id);
}

function changeRelationship(model: HistoryModel): void {
  const id = pickOld(model, 'relationship');
  if (id !== undefined) model.set('relationship', id, { ...model.get('relationship', id), ...randomChains(model) });
}

function deleteRelationship(model: HistoryModel): void {
  const id = pickOld(model, 'relationship');
  if (id === undefined) return;
  removeProperties(model, 'relationship', id);
  model.set('relationship', id, undefined);
}

function randomGroup(model: HistoryModel): Omit<ModelGroup, 'unit'> {
  const { dice } = model;
  const reference = () => anyReference(model, width(model));
  return {
    fixed: dice.chance(0.6),
    type: dice.pick(model.tokens.relationshipType),
    next: reference(),
    firstOut: reference(),
    firstIn: reference(),
    firstLoop: reference(),
    owner: Math.max(0, reference()),
  };
}

function addGroup(model: HistoryModel): void {
  model.set('relationshipGroup', model.takeId('relationshipGroup'), { unit: -1, ...randomGroup(model) });
}

function changeGroup(model: HistoryModel): void {
  const id = pickOld(model, 'relationshipGroup');
  if (id === undefined) return;
  const { unit } = model.get('relationshipGroup', id);
  model.set('relationshipGroup', id, { unit, ...randomGroup(model) });
}

function deleteGroup(model: HistoryModel): void {
  const id = pickOld(model, 'relationshipGroup');
  if (id !== undefined) model.set('relationshipGroup', id, undefined);
}

function changeSomeProperties(model: HistoryModel): void {
  const kind = model.dice.pick(['node', 'node', 'relationship', 'graph'] as const);
  if (kind === 'graph') {
    changeProperties(model, 'graph', -1);
    return;
  }
  const id = pickOld(model, kind);
  if (id !== undefined) changeProperties(model, kind, id);
}

function changeSchema(model: HistoryModel): void {
  const { dice } = model;
  const old = [...model.rules.keys()].filter((id) => !model.createdRules.has(id));
  if (old.length > 0 && dice.chance(0.4)) {
    model.dropRule(dice.pick(old));
    return;
  }
  const schema: RuleSchema = {
    entity: 'node',
    entityTokens: [dice.pick(model.tokens.label)],
    propertyKeys: [dice.pick(model.tokens.propertyKey)],
    multi: false,
  };
  const provider = { key: 'lucene+native', version: '2.0' };
  if (dice.chance(0.3)) {
    model.addRule((id) => encodeSchemaRule({ kind: 'constraint', id, type: 'existence', ownedIndex: -1, schema }));
  } else {
    model.addRule((id) =>
      encodeSchemaRule({ kind: 'index', id, provider, unique: false, owningConstraint: -1, schema }),
    );
  }
}

const changes = [
  addRelationship,
  addGroup,
  changeLabels,
  changeNode,
  changeRelationship,
  changeGroup,
  changeSomeProperties,
  changeSomeProperties,
  changeSchema,
];
