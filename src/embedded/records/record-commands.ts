import type { LogCommand } from '../../log/v3/commands/command-table.ts';
import type { DynamicImage } from '../../log/v3/commands/dynamic-record-image.ts';
import type { PropertyBlockImage } from '../../log/v3/commands/property-command.ts';
import type { NodeRecord } from '../../store/records/node-record.ts';
import { BLOCK_BYTES, readBlockReference, readBlockType } from '../../store/records/property-block-layout.ts';
import type { PropertyRecord } from '../../store/records/property-record.ts';
import type { RelationshipGroupRecord } from '../../store/records/relationship-group-record.ts';
import { PropertyBlockCursor } from '../../store/values/property-chain.ts';
import { dynamicImage, freedImage, groupImage, nodeImage, propertyImage, relationshipImage } from './command-images.ts';
import { readChain } from './dynamic-chains.ts';
import { labelChainOf } from './node-labels.ts';
import { longValueStore, type PropertyChains } from './property-chains.ts';
import type { RecordChange, RecordChanges } from './record-changes.ts';
import type { RecordReads } from './record-view.ts';

const LABEL_RECORD = -1;

/** The commands of nodes, relationships, groups and properties, in a server's order (spec transaction-logs 3.11). */
export function recordCommands(changes: RecordChanges, properties: PropertyChains): LogCommand[] {
  const commands = [
    ...changes.changed('property').map((change) => propertyCommand(changes, properties, change)),
    ...changes.changed('relationship').map(({ id, before, now }): SortedCommand => {
      const isNew = before === undefined;
      const images = { before: relationshipImage(before, isNew), after: relationshipImage(now, isNew) };
      return { phase: phaseOf(before, now), command: { kind: 'relationship', id, ...images } };
    }),
    ...changes.changed('relationshipGroup').map(groupCommand),
    ...changedNodes(changes).map((change) => nodeCommand(changes, change)),
  ];
  return PHASES.flatMap((phase) => commands.filter((sorted) => sorted.phase === phase)).map(({ command }) => command);
}

type Phase = 'create' | 'update' | 'delete';
const PHASES: readonly Phase[] = ['create', 'update', 'delete'];

interface SortedCommand {
  phase: Phase;
  command: LogCommand;
}

function phaseOf(before: object | undefined, now: object | undefined): Phase {
  if (before === undefined) return 'create';
  return now === undefined ? 'delete' : 'update';
}

/** Nodes whose record or dynamic label list changed, by id. */
function changedNodes(changes: RecordChanges): RecordChange<NodeRecord>[] {
  const nodes = [...changes.touched('node')];
  const found = nodes.filter(({ id, before, now }) => {
    if (changes.isChanged('node', id)) return true;
    return before !== undefined && now !== undefined && isChainChanged(changes, 'nodeLabels', labelChainOf(now));
  });
  return found.sort((a, b) => a.id - b.id);
}

function isChainChanged(changes: RecordChanges, key: 'nodeLabels' | 'schema', firstId: number): boolean {
  return readChain(changes, key, firstId).some(({ id }) => changes.isChanged(key, id));
}

function nodeCommand(changes: RecordChanges, { id, before, now }: RecordChange<NodeRecord>): SortedCommand {
  const isNew = before === undefined;
  const lists = chainImages(changes, 'nodeLabels', labelChainOf(before), labelChainOf(now));
  const images = { before: nodeImage(before, isNew, lists.before), after: nodeImage(now, isNew, lists.after) };
  return { phase: phaseOf(before, now), command: { kind: 'node', id, ...images } };
}

/**
 * Both lists of images for a chain that one command owns: the chain as it was; and the chain as it is, plus the records that it gave up.
 * Both are empty if nothing changed.
 */
export function chainImages(
  changes: RecordChanges,
  key: 'nodeLabels' | 'schema',
  firstBefore: number,
  firstNow: number,
): { before: DynamicImage[]; after: DynamicImage[] } {
  const old = readChain(changes.view, key, firstBefore);
  const now = readChain(changes, key, firstNow);
  if (firstBefore === firstNow && !now.some(({ id }) => changes.isChanged(key, id))) return { before: [], after: [] };
  const kept = new Set(now.map(({ id }) => id));
  const freed = old.filter(({ id }) => !kept.has(id)).map((record) => freedImage(record, LABEL_RECORD));
  return {
    before: old.map((record) => dynamicImage(record, LABEL_RECORD)),
    after: [...now.map((record) => dynamicImage(record, LABEL_RECORD)), ...freed],
  };
}

function groupCommand({ id, before, now }: RecordChange<RelationshipGroupRecord>): SortedCommand {
  const { type, next, owner } = (before ?? now)!;
  const images = { before: groupImage(before ?? { type }), after: groupImage(now ?? { type, next, owner }) };
  return { phase: phaseOf(before, now), command: { kind: 'relationshipGroup', wide: false, id, ...images } };
}

function propertyCommand(
  changes: RecordChanges,
  properties: PropertyChains,
  { id, before, now }: RecordChange<PropertyRecord>,
): SortedCommand {
  const owner = properties.ownerOf(id);
  const [old, current] = [valuesOf(before), valuesOf(now)];
  const blocksBefore = old.map((value) => blockImage(changes.view, value, current));
  const deleted = blocksBefore.flatMap(({ records }) => records).map((record) => freedImage(record, record.type));
  const blocksNow = current.map((value) => blockImage(changes, value, old));
  const images = {
    before: propertyImage(before, owner, blocksBefore, []),
    after: propertyImage(now ?? before, owner, blocksNow, deleted),
  };
  return { phase: phaseOf(before, now), command: { kind: 'property', id, ...images } };
}

/** The blocks of each value in a record. */
function valuesOf(record: Readonly<PropertyRecord> | undefined): Uint8Array[] {
  if (record === undefined) return [];
  const values: Uint8Array[] = [];
  const cursor = new PropertyBlockCursor().open(record);
  while (cursor.next()) {
    values.push(record.blocks.subarray(cursor.offset, cursor.offset + cursor.count * BLOCK_BYTES));
  }
  return values;
}

/** A long value that is also in the opposite image has not changed: its records are left out. */
function blockImage(reads: RecordReads, value: Uint8Array, opposite: readonly Uint8Array[]): PropertyBlockImage {
  const type = readBlockType(value, 0);
  const store = longValueStore(type);
  if (store === undefined || opposite.some((other) => Buffer.compare(other, value) === 0))
    return { value, records: [] };
  const chain = readChain(reads, store, readBlockReference(value, 0));
  return { value, records: chain.map((record) => dynamicImage(record, type)) };
}
