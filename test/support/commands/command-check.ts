import type { RecordResult } from '../../../src/embedded/records/record-transaction.ts';
import type { LogCommand } from '../../../src/log/v3/commands/command-table.ts';
import type { DynamicImage } from '../../../src/log/v3/commands/dynamic-record-image.ts';
import type { PropertyImage } from '../../../src/log/v3/commands/property-command.ts';
import { CREATED, IN_USE } from '../../../src/log/v3/commands/record-flags.ts';
import { type StoreKey, storeFile, storeFiles } from '../../../src/store/files/store-files.ts';
import type { RecordMemory } from '../stores/record-memory.ts';

const TOKENS = ['label', 'relationshipType', 'propertyKey'];
const RECORDS = ['property', 'relationship', 'relationshipGroup', 'node'];

/** The order of a command in a transaction (spec transaction-logs 3.11), as a comparable text. */
function rankOf(command: LogCommand): string {
  switch (command.kind) {
    case 'token':
      return `0${TOKENS.indexOf(command.token)}`;
    case 'neoStore':
      return '4';
    case 'schemaRule':
      return command.created ? '51' : isInUse(command.after[0]!) ? '52' : '50';
    case 'nodeCounts':
    case 'relationshipCounts':
      return '6';
    case 'node':
    case 'relationship':
    case 'relationshipGroup':
    case 'property': {
      const phase = !isInUse(command.before) ? 1 : isInUse(command.after) ? 2 : 3;
      return `${phase}${RECORDS.indexOf(command.kind)}`;
    }
    default:
      throw new Error(`a ${command.kind} command was not expected`);
  }
}

function isInUse({ flags }: { flags: number }): boolean {
  return (flags & IN_USE) !== 0;
}

/**
 * Checks the commands of a transaction against the records before it (`store`) and after it (`result`): their order, that every changed
 * record is in exactly one of them, and that every before-image is true. Throws at the first violation.
 */
export function checkCommands(result: RecordResult, store: RecordMemory): void {
  checkOrder(result.commands);
  const images = new ImageCheck(result, store);
  for (const command of result.commands) images.check(command);
  images.checkComplete();
}

function checkOrder(commands: readonly LogCommand[]): void {
  let last = { rank: '', id: -1 };
  for (const command of commands) {
    const rank = rankOf(command);
    const id = 'id' in command ? command.id : 0;
    const follows = rank > last.rank || (rank === last.rank && (id > last.id || !('id' in command)));
    check(follows, `a ${command.kind} command of rank ${rank} comes after rank ${last.rank}, id ${last.id}`);
    last = { rank, id };
    if ('delta' in command) check(command.delta !== 0, 'a counts command changes nothing');
  }
}

class ImageCheck {
  private readonly result: RecordResult;
  private readonly store: RecordMemory;
  private readonly seen = new Map<StoreKey, Set<number>>(storeFiles.map(({ key }) => [key, new Set()]));

  constructor(result: RecordResult, store: RecordMemory) {
    this.result = result;
    this.store = store;
  }

  check(command: LogCommand): void {
    switch (command.kind) {
      case 'node':
        this.checkFields('node', command);
        this.checkDynamics('nodeLabels', command.before.dynamicLabels, command.after.dynamicLabels);
        break;
      case 'relationship':
      case 'relationshipGroup':
        this.checkFields(command.kind, command);
        break;
      case 'property':
        this.note('property', command.id);
        this.checkProperty(command.id, command.before, command.after);
        break;
      case 'token':
        this.note(command.token, command.id);
        this.checkDynamics(storeFile(command.token).names!, [], command.after.nameRecords);
        break;
      case 'schemaRule':
        if (command.created) check(command.before === command.after, 'a new rule has another list before');
        this.checkDynamics('schema', command.created ? [] : command.before, command.after);
        break;
      case 'neoStore':
        check(command.nextPropBefore === this.store.firstGraphProperty, 'another first graph property before');
        break;
    }
  }

  checkComplete(): void {
    for (const { key } of storeFiles) {
      for (const id of this.result.records.get(key)?.keys() ?? []) {
        check(this.seen.get(key)!.has(id), `${key} ${id} changed, but no command says so`);
      }
    }
  }

  private note(key: StoreKey, id: number): void {
    const seen = this.seen.get(key)!;
    check(!seen.has(id), `${key} ${id} is in two commands`);
    seen.add(id);
  }

  private checkFields(
    key: 'node' | 'relationship' | 'relationshipGroup',
    { id, before, after }: { id: number; before: { flags: number }; after: { flags: number } },
  ): void {
    this.note(key, id);
    const record = this.store.read(key, id) as Record<string, unknown> | undefined;
    check((record !== undefined) === isInUse(before), `${key} ${id} was not what its before-image says`);
    const isNew = record === undefined && key !== 'relationshipGroup';
    for (const image of [before, after]) check(isNew === ((image.flags & CREATED) !== 0), `${key} ${id}: created mark`);
    if (record === undefined) return;
    const markers = (record.firstInStart === true ? 1 : 0) | (record.firstInEnd === true ? 2 : 0);
    for (const [field, value] of Object.entries(before)) {
      if (field === 'flags' || field === 'dynamicLabels') continue;
      const expected = field === 'markers' ? markers : record[field];
      check(value === expected, `${key} ${id}: ${field} was ${expected}, the before-image says ${value}`);
    }
  }

  private checkProperty(id: number, before: PropertyImage, after: PropertyImage): void {
    const record = this.store.read('property', id);
    check((record !== undefined) === isInUse(before), `property ${id} was not what its before-image says`);
    const used = Buffer.concat(before.blocks.map(({ value }) => value));
    if (record !== undefined) {
      check(used.equals(record.blocks.subarray(0, 8 * record.blockCount)), `property ${id}: other blocks before`);
      check(before.next === record.next && before.prev === record.prev, `property ${id}: other neighbours before`);
    }
    check(before.deleted.length === 0, `property ${id} deletes before`);
    for (const { value, records } of [...before.blocks, ...after.blocks]) {
      const isLong = [9, 10].includes(value[4]! & 15);
      check(isLong || records.length === 0, `property ${id}: records of a short value`);
    }
    for (const type of [9, 10]) {
      const ofType = (list: DynamicImage[]) => list.filter((image) => image.type === type);
      const written = [...after.blocks.flatMap(({ records }) => records), ...after.deleted];
      const old = before.blocks.flatMap(({ records }) => records);
      this.checkDynamics(type === 9 ? 'propertyStrings' : 'propertyArrays', ofType(old), ofType(written));
    }
  }

  /** Checks the lists of one owner: all before-images are true, and the after-images cover exactly what changed. */
  private checkDynamics(key: StoreKey, before: readonly DynamicImage[], after: readonly DynamicImage[]): void {
    const changed = this.result.records.get(key) as ReadonlyMap<number, object | undefined> | undefined;
    for (const image of before) {
      this.checkImage(key, image, this.store.read(key, image.id));
      check(
        after.some(({ id }) => id === image.id),
        `${key} ${image.id} has no image after`,
      );
    }
    for (const image of after) {
      this.note(key, image.id);
      const now = changed?.has(image.id) ? changed.get(image.id) : this.store.read(key, image.id);
      this.checkImage(key, image, now);
      check(isInUse(image) || this.store.read(key, image.id) !== undefined, `${key} ${image.id} was not in use before`);
    }
  }

  private checkImage(key: StoreKey, { id, flags, next, data }: DynamicImage, record: object | undefined): void {
    check((record !== undefined) === ((flags & IN_USE) !== 0), `${key} ${id}: in use or not`);
    if (record === undefined) return;
    const is = record as { first: boolean; next: number; data: Uint8Array };
    const isSame = is.first === ((flags & 2) !== 0) && is.next === next && Buffer.compare(is.data, data) === 0;
    check(isSame, `${key} ${id}: the image is not the record`);
  }
}

function check(isTrue: boolean, message: string): void {
  if (!isTrue) throw new Error(message);
}
