import { writeBlockReference } from '../../../src/store/records/property-block-layout.ts';
import { encodeValue } from '../../../src/store/values/property-blocks.ts';
import type { PropertyValue } from '../../../src/store/values/property-value.ts';
import type { HistoryModel } from '../history/history-model.ts';
import type { ModelBlock, ModelProperty, OwnerKind } from '../history/model-records.ts';
import type { Dice } from './dice.ts';

const RECORD_BYTES = 32;

/** Values of one to four blocks, short ones and ones with chains of dynamic records. */
function randomValue(dice: Dice): PropertyValue {
  const long = (): { type: 'long'; value: bigint } => ({
    type: 'long',
    value: BigInt(dice.below(2 ** 31)) << BigInt(dice.below(30)),
  });
  switch (dice.below(6)) {
    case 0:
      return { type: 'int', value: dice.below(1000) };
    case 1:
      return long();
    case 2:
      return { type: 'string', value: 'short'.slice(dice.below(5)) };
    case 3:
      return { type: 'string', value: 'a long one, ä '.repeat(dice.between(4, 25)) };
    case 4:
      return { type: 'array', of: 'long', elements: Array.from({ length: dice.between(5, 60) }, long) };
    default:
      return { type: 'point', srid: dice.pick([7203, 9157]), coordinates: [1n, 2n, 3n].slice(0, 3) };
  }
}

function withDimensions(value: PropertyValue): PropertyValue {
  if (value.type !== 'point') return value;
  return { ...value, coordinates: value.coordinates.slice(0, value.srid === 7203 ? 2 : 3) };
}

function newBlock(model: HistoryModel, key: number): ModelBlock {
  const { blocks, long } = encodeValue(key, withDimensions(randomValue(model.dice)));
  if (long === undefined) return { key, value: blocks, chain: [] };
  const isString = long.store === 'string';
  const chain = model.chain(isString ? 'propertyStrings' : 'propertyArrays', isString ? 9 : 10, long.bytes);
  writeBlockReference(blocks, 0, chain[0]!.id);
  return { key, value: blocks, chain };
}

function firstProperty(model: HistoryModel, kind: OwnerKind, owner: number): number {
  return kind === 'graph' ? model.firstGraphProperty : model.get(kind, owner).nextProp;
}

function setFirst(model: HistoryModel, kind: OwnerKind, owner: number, first: number): void {
  if (kind === 'graph') model.firstGraphProperty = first;
  else if (kind === 'node') model.set('node', owner, { ...model.get('node', owner), nextProp: first });
  else model.set('relationship', owner, { ...model.get('relationship', owner), nextProp: first });
}

function chainOf(model: HistoryModel, kind: OwnerKind, owner: number): number[] {
  const ids: number[] = [];
  for (let id = firstProperty(model, kind, owner); id >= 0; id = model.get('property', id).next) ids.push(id);
  return ids;
}

/** Changes the properties of an owner not yet changed in this transaction, in one of the ways of a server. */
export function changeProperties(model: HistoryModel, kind: OwnerKind, owner: number): void {
  const { dice } = model;
  const ids = chainOf(model, kind, owner);
  if (ids.some((id) => model.isTouched('property', id))) return;
  const used = ids.flatMap((id) => model.get('property', id).blocks.map(({ key }) => key));
  const unused = model.tokens.propertyKey.filter((key) => !used.includes(key));
  const ways = [...(unused.length > 0 ? [() => append(model, kind, owner, unused)] : [])];
  if (ids.length > 0)
    ways.push(
      () => replaceValue(model, dice.pick(ids)),
      () => remove(model, kind, owner, dice.pick(ids)),
    );
  if (ids.length > 0 && unused.length > 0) ways.push(() => addToRecord(model, dice.pick(ids), unused));
  dice.pick(ways)();
}

/** Adds new records before the first one. */
function append(model: HistoryModel, kind: OwnerKind, owner: number, keys: readonly number[]): void {
  const { dice } = model;
  let block: ModelBlock | undefined;
  const wanted = dice.some(keys, 0.5);
  for (let key = wanted.shift() ?? keys[0]; key !== undefined; key = wanted.shift()) {
    const blocks: ModelBlock[] = block === undefined ? [] : [block];
    block = newBlock(model, key);
    while (block !== undefined && bytesOf(blocks) + block.value.length <= RECORD_BYTES) {
      blocks.push(block);
      const next = dice.chance(0.8) ? wanted.shift() : undefined;
      block = next === undefined ? undefined : newBlock(model, next);
    }
    prepend(model, kind, owner, blocks);
  }
  if (block !== undefined) prepend(model, kind, owner, [block]);
}

function bytesOf(blocks: readonly ModelBlock[]): number {
  return blocks.reduce((sum, block) => sum + block.value.length, 0);
}

function prepend(model: HistoryModel, kind: OwnerKind, owner: number, blocks: readonly ModelBlock[]): void {
  const next = firstProperty(model, kind, owner);
  const id = model.takeId('property');
  const record: ModelProperty = { fixed: model.dice.chance(0.6), prev: -1, next, ownerKind: kind, owner, blocks };
  model.set('property', id, record);
  if (next >= 0) model.set('property', next, { ...model.get('property', next), prev: id });
  setFirst(model, kind, owner, id);
}

function replaceValue(model: HistoryModel, id: number): void {
  const record = model.get('property', id);
  const old = model.dice.pick(record.blocks);
  const block = newBlock(model, old.key);
  const rest = record.blocks.filter((other) => other !== old);
  if (bytesOf(rest) + block.value.length <= RECORD_BYTES) {
    model.set('property', id, { ...record, blocks: record.blocks.map((other) => (other === old ? block : other)) });
  } else {
    // Too large now: it occupies the record alone, and the others move.
    model.set('property', id, { ...record, blocks: [block] });
  }
}

function addToRecord(model: HistoryModel, id: number, keys: readonly number[]): void {
  const record = model.get('property', id);
  const value = encodeValue(model.dice.pick(keys), { type: 'boolean', value: true });
  if (bytesOf(record.blocks) === RECORD_BYTES) return;
  const key = value.blocks[7]!;
  model.set('property', id, { ...record, blocks: [...record.blocks, { key, value: value.blocks, chain: [] }] });
}

function remove(model: HistoryModel, kind: OwnerKind, owner: number, id: number): void {
  const { prev, next } = model.get('property', id);
  if (next >= 0) model.set('property', next, { ...model.get('property', next), prev });
  if (prev >= 0) model.set('property', prev, { ...model.get('property', prev), next });
  else setFirst(model, kind, owner, next);
  model.set('property', id, undefined);
}

/** Deletes all properties, along with their owner. */
export function removeProperties(model: HistoryModel, kind: OwnerKind, owner: number): void {
  for (const id of chainOf(model, kind, owner)) model.set('property', id, undefined);
}
