import { describe, expect, it } from 'vitest';
import { corpusPath } from '../../../test/support/corpus/unpack-corpus.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import type { TokenKind } from '../../store/records/token-record.ts';
import { encodeCommand, type LogCommand, skipCommand } from './commands/command-table.ts';
import { type DynamicImage, readDynamicImage } from './commands/dynamic-record-image.ts';
import { type NodeImage, readFreedNodeUnit, readNodeImage } from './commands/node-command.ts';
import {
  type PropertyImage,
  readPropertyImage,
  readPropertyOwner,
  readPropertyOwnerKind,
} from './commands/property-command.ts';
import {
  type RelationshipImage,
  readFreedRelationshipUnit,
  readRelationshipImage,
} from './commands/relationship-command.ts';
import {
  type RelationshipGroupImage,
  readFreedGroupUnit,
  readGroupImage,
} from './commands/relationship-group-command.ts';
import { readTokenImage, type TokenImage } from './commands/token-command.ts';
import { entryFormOfByte } from './entries/entry-types.ts';
import type { ExplicitIndexCommandType, RelationshipGroupCommandType } from './fields/command-types.ts';
import type { DynamicOwner, TransactionVisitor } from './fields/transaction-visitor.ts';
import { IdleVisitor } from './fields/transaction-visitor.ts';
import { LogReader } from './log-reader.ts';
import { type DecodedTransaction, decodeTransaction, encodeTransaction } from './transaction-codec.ts';
import { walkTransaction } from './transaction-walker.ts';

const formOf = (version: number) => entryFormOfByte(version & 0xff)!;
const corpus = (folder: string) => corpusPath(`txlogs/${folder}`);

const nodeRecord = {
  id: -1,
  inUse: false,
  dense: false,
  nextRel: 0,
  nextProp: 0,
  labelField: 0,
  secondaryUnit: 0,
  fixedReferences: false,
};
const relationshipRecord = {
  id: -1,
  inUse: false,
  start: 0,
  end: 0,
  type: 0,
  startPrev: 0,
  startNext: 0,
  endPrev: 0,
  endNext: 0,
  nextProp: 0,
  firstInStart: false,
  firstInEnd: false,
  secondaryUnit: 0,
  fixedReferences: false,
};
const groupRecord = {
  id: -1,
  inUse: false,
  type: 0,
  next: 0,
  firstOut: 0,
  firstIn: 0,
  firstLoop: 0,
  owner: 0,
  secondaryUnit: 0,
  fixedReferences: false,
};
const propertyRecord = {
  id: -1,
  inUse: false,
  prev: 0,
  next: 0,
  blockCount: 0,
  blocks: new Uint8Array(32).fill(0xee),
  fixedReferences: false,
};
const dynamicRecord = { id: 0, inUse: false, first: false, next: 0, data: new Uint8Array() };
const tokenRecord = { id: -1, inUse: false, propertyCount: 0, nameId: 0 };

type Call = (string | number | boolean | object)[];

/** Records all calls, with the images at the reported offsets. */
class Recorder implements TransactionVisitor {
  readonly calls: Call[] = [];
  private readonly buffer: Buffer;
  private lastEnd = 0;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }

  private note(before: number, after: number, end: number, ...call: Call): void {
    if (!(this.lastEnd <= before && before < after && after < end))
      expect.fail(`images at ${before} and ${after}, end ${end}, last end ${this.lastEnd}`);
    this.lastEnd = end;
    this.calls.push(call);
  }

  node(id: number, before: number, after: number, end: number): void {
    const image = (at: number) => ({ ...readNodeImage(this.buffer, at, nodeRecord) });
    this.note(before, after, end, 'node', id, image(before), image(after));
  }

  relationship(id: number, before: number, after: number, end: number): void {
    const image = (at: number) => ({ ...readRelationshipImage(this.buffer, at, relationshipRecord) });
    this.note(before, after, end, 'relationship', id, image(before), image(after));
  }

  group(id: number, before: number, after: number, end: number, type: RelationshipGroupCommandType): void {
    const image = (at: number) => ({ ...readGroupImage(this.buffer, at, groupRecord, type) });
    this.note(before, after, end, 'group', id, image(before), image(after), type);
  }

  property(id: number, before: number, after: number, end: number): void {
    const image = (at: number) => {
      const record = readPropertyImage(this.buffer, at, propertyRecord);
      const blocks = Buffer.from(record.blocks).toString('hex');
      const owner = readPropertyOwner(this.buffer, at);
      return { ...record, blocks, owner, ownerKind: readPropertyOwnerKind(this.buffer, at) };
    };
    this.note(before, after, end, 'property', id, image(before), image(after));
  }

  token(kind: TokenKind, id: number, before: number, after: number, end: number): void {
    const image = (at: number) => ({ ...readTokenImage(kind, this.buffer, at, tokenRecord) });
    this.note(before, after, end, 'token', kind, id, image(before), image(after));
  }

  dynamic(owner: DynamicOwner, id: number, isBefore: boolean, offset: number, end: number): void {
    const record = readDynamicImage(this.buffer, offset, dynamicRecord);
    expect(end - offset).toBe(record.inUse ? 25 + record.data.length : 13);
    expect(end).toBeLessThanOrEqual(this.lastEnd);
    const data = Buffer.from(record.data).toString('hex');
    this.calls.push(['dynamic', owner, id, isBefore, { ...record, data }]);
  }

  neostore(before: number, after: number): void {
    this.calls.push(['neostore', before, after]);
  }

  schemaRule(beforeList: number, afterList: number, created: boolean, end: number): void {
    const count = (at: number) => this.buffer.readInt32BE(at);
    this.note(beforeList, afterList, end, 'schemaRule', count(beforeList), count(afterList), created);
  }

  nodeCounts(label: number, delta: number): void {
    this.calls.push(['nodeCounts', label, delta]);
  }

  relationshipCounts(start: number, type: number, end: number, delta: number): void {
    this.calls.push(['relationshipCounts', start, type, end, delta]);
  }

  explicitIndex(commandType: ExplicitIndexCommandType, offset: number, end: number): void {
    this.calls.push(['explicitIndex', commandType, end - offset]);
  }
}

const common = (flags: number, secondaryUnit: number) => ({
  id: -1,
  inUse: (flags & 1) !== 0,
  secondaryUnit: (flags & 4) !== 0 ? secondaryUnit : -1,
  fixedReferences: (flags & 16) !== 0,
});

const dynamics = (owner: DynamicOwner, isBefore: boolean, records: DynamicImage[]): Call[] =>
  records.map((record) => {
    const owned = record.type === 9 ? 'strings' : record.type === 10 ? 'arrays' : owner;
    const image = {
      id: record.id,
      inUse: (record.flags & 1) !== 0,
      first: (record.flags & 2) !== 0,
      next: record.next,
      data: Buffer.from(record.data).toString('hex'),
    };
    return ['dynamic', owned, record.id, isBefore, image];
  });

function describeNode(i: NodeImage): object {
  const { dense, nextRel, nextProp, labelField } = i;
  return { ...common(i.flags, i.secondaryUnit), dense, nextRel, nextProp, labelField };
}

function describeRelationship(i: RelationshipImage): object {
  const { flags, markers, secondaryUnit, ...fields } = i;
  const markerFields = { firstInStart: (markers & 1) !== 0, firstInEnd: (markers & 2) !== 0 };
  return { ...common(flags, secondaryUnit), ...fields, ...markerFields };
}

function describeGroup(i: RelationshipGroupImage): object {
  const { flags, secondaryUnit, ...fields } = i;
  return { ...common(flags, secondaryUnit), ...fields };
}

function describeProperty(i: PropertyImage): object {
  const blocks = Buffer.concat(i.blocks.map((block) => block.value));
  return {
    id: -1,
    inUse: (i.flags & 1) !== 0,
    fixedReferences: (i.flags & 16) !== 0,
    prev: i.prev,
    next: i.next,
    blockCount: blocks.length / 8,
    blocks: blocks.toString('hex').padEnd(64, '0'),
    owner: i.owner,
    ownerKind: i.owner === -1 ? 'unknown' : (i.flags & 2) !== 0 ? 'relationship' : 'node',
  };
}

const describeToken = ({ inUse, propertyCount, nameId }: TokenImage) => ({ id: -1, inUse, propertyCount, nameId });

/** The calls expected for a decoded command. */
function expectedCalls(command: LogCommand): Call[] {
  switch (command.kind) {
    case 'node':
      return [
        ['node', command.id, describeNode(command.before), describeNode(command.after)],
        ...dynamics('labels', true, command.before.dynamicLabels),
        ...dynamics('labels', false, command.after.dynamicLabels),
      ];
    case 'relationship':
      return [['relationship', command.id, describeRelationship(command.before), describeRelationship(command.after)]];
    case 'relationshipGroup': {
      const type = command.wide ? 21 : 9;
      return [['group', command.id, describeGroup(command.before), describeGroup(command.after), type]];
    }
    case 'property': {
      const records = (i: PropertyImage) => [...i.blocks.flatMap((block) => block.records), ...i.deleted];
      return [
        ['property', command.id, describeProperty(command.before), describeProperty(command.after)],
        ...dynamics('strings', true, records(command.before)),
        ...dynamics('strings', false, records(command.after)),
      ];
    }
    case 'token': {
      const owners = { label: 'labelNames', relationshipType: 'typeNames', propertyKey: 'keyNames' } as const;
      const owner = owners[command.token];
      return [
        ['token', command.token, command.id, describeToken(command.before), describeToken(command.after)],
        ...dynamics(owner, true, command.before.nameRecords),
        ...dynamics(owner, false, command.after.nameRecords),
      ];
    }
    case 'neoStore':
      return [['neostore', command.nextPropBefore, command.nextPropAfter]];
    case 'schemaRule':
      return [
        ['schemaRule', command.before.length, command.after.length, command.created],
        ...dynamics('schema', true, command.before),
        ...dynamics('schema', false, command.after),
      ];
    case 'nodeCounts':
      return [['nodeCounts', command.label, command.delta]];
    case 'relationshipCounts':
      return [['relationshipCounts', command.startLabel, command.type, command.endLabel, command.delta]];
    default: {
      const writer = new ByteWriter();
      encodeCommand(writer, command);
      return [['explicitIndex', writer.view()[0]!, writer.size - 1]];
    }
  }
}

const start = { masterId: 1, authorId: 2, timeStarted: 3, latestCommittedWhenStarted: 4, header: new Uint8Array(0) };

function transactionOf(...commands: LogCommand[]): DecodedTransaction {
  return { start, commands, commit: { transactionId: 7, timeCommitted: 8 } };
}

describe('walkTransaction', () => {
  for (const folder of [
    'diverse-3.5.34-standard',
    'diverse-3.4.9-standard',
    'diverse-3.4.9-highlimit',
    'small-3.4.9',
  ]) {
    it(`walkTransaction reports every image and every dynamic record of ${folder} at its place`, () => {
      const reader = new LogReader(corpus(folder));
      for (const item of reader) {
        if (item.kind !== 'transaction') continue;
        const recorder = new Recorder(item.buffer);
        walkTransaction(item.buffer, item.start, item.end, recorder);
        const { commands } = decodeTransaction(item.buffer, item.start, item.end);
        expect(recorder.calls).toEqual(commands.flatMap(expectedCalls));
      }
      reader.close();
    });
  }

  it('walkTransaction reads secondary units, freed units and 3-byte group types', () => {
    const unused: NodeImage = {
      flags: 0x08,
      dense: false,
      nextRel: -1,
      nextProp: -1,
      labelField: 0,
      secondaryUnit: -1,
      dynamicLabels: [],
    };
    const node = (flags: number): NodeImage => ({ ...unused, flags, nextRel: 2 ** 49, secondaryUnit: 4711 });
    const relationship = (flags: number): RelationshipImage => ({
      flags,
      start: 1,
      end: 2 ** 48,
      type: 70000,
      startPrev: 3,
      startNext: 4,
      endPrev: 5,
      endNext: 6,
      nextProp: 7,
      markers: 2,
      secondaryUnit: (flags & 8) === 0 ? -1 : 815,
    });
    const group = (flags: number): RelationshipGroupImage => ({
      flags,
      type: 0x123456,
      next: -1,
      firstOut: 1,
      firstIn: -1,
      firstLoop: 2 ** 40,
      owner: 5,
      secondaryUnit: (flags & 8) === 0 ? -1 : 99,
    });
    const property: PropertyImage = {
      flags: 0x0f,
      next: 1,
      prev: 2,
      owner: 3,
      secondaryUnit: 12,
      blocks: [{ value: new Uint8Array(32).fill(5), records: [] }],
      deleted: [],
    };
    const transaction = transactionOf(
      { kind: 'node', id: 1, before: unused, after: node(0x0d) },
      { kind: 'node', id: 2, before: node(0x0d), after: node(0x09) },
      { kind: 'relationship', id: 3, before: relationship(0x0d), after: relationship(0x19) },
      { kind: 'relationshipGroup', wide: true, id: 4, before: group(0x0d), after: group(0x09) },
      { kind: 'property', id: 5, before: { ...property, flags: 0, secondaryUnit: -1, blocks: [] }, after: property },
    );
    const bytes = encodeTransaction(transaction).toBuffer();
    expect(decodeTransaction(bytes)).toEqual(transaction);
    const recorder = new Recorder(bytes);
    const freed: Call[] = [];
    walkTransaction(bytes, 0, bytes.length, recorder);
    expect(recorder.calls).toEqual(transaction.commands.flatMap(expectedCalls));
    class Freed extends IdleVisitor {
      override node(id: number, before: number, after: number): void {
        freed.push([id, readFreedNodeUnit(bytes, before), readFreedNodeUnit(bytes, after)]);
      }
      override relationship(id: number, before: number, after: number): void {
        freed.push([id, readFreedRelationshipUnit(bytes, before), readFreedRelationshipUnit(bytes, after)]);
      }
      override group(id: number, before: number, after: number, _end: number, type: RelationshipGroupCommandType) {
        freed.push([id, readFreedGroupUnit(bytes, before, type), readFreedGroupUnit(bytes, after, type)]);
      }
    }
    walkTransaction(bytes, 0, bytes.length, new Freed());
    expect(freed).toEqual([
      [1, -1, -1],
      [2, -1, 4711],
      [3, -1, 815],
      [4, -1, 99],
    ]);
  });

  it('walkTransaction writes and reads explicit index commands with 8-byte ids and every value type', () => {
    const id = 2 ** 31;
    const target = { entity: 'relationship' as const, index: 0xffff, key: 0xffff };
    const transaction = transactionOf(
      { kind: 'indexDefine', names: [{ name: 'é', id: 1 }], keys: [{ name: '', id: 2 }] },
      { kind: 'indexAddNode', ...target, entity: 'node', id, value: { type: 'long', value: -(2n ** 63n) } },
      { kind: 'indexRemove', ...target, id: 2 ** 40, value: { type: 'none' } },
      { kind: 'indexRemove', ...target, id: 1, value: { type: 'short', value: -7 } },
      { kind: 'indexRemove', ...target, id: 1, value: { type: 'int', value: -7 } },
      { kind: 'indexRemove', ...target, id: 1, value: { type: 'float', bits: 0xffc00001 } },
      { kind: 'indexRemove', ...target, id: 1, value: { type: 'double', bits: 0xfff8000000000001n } },
      { kind: 'indexRemove', ...target, id: 1, value: { type: 'string', value: 'ü'.repeat(40_000) } },
      { kind: 'indexAddRelationship', ...target, id, value: { type: 'none' }, startNode: id, endNode: 3 },
      { kind: 'indexAddRelationship', ...target, id: 3, value: { type: 'none' }, startNode: 3, endNode: id },
      { kind: 'indexDelete', ...target, key: 0 },
      { kind: 'indexCreate', ...target, key: 0, configuration: [{ key: 'provider', value: 'lucene' }] },
    );
    const bytes = encodeTransaction(transaction).toBuffer();
    expect(decodeTransaction(bytes)).toEqual(transaction);
    const recorder = new Recorder(bytes);
    walkTransaction(bytes, 0, bytes.length, recorder);
    expect(recorder.calls).toEqual(transaction.commands.flatMap(expectedCalls));
  });

  it('walkTransaction refuses anything but exactly one transaction', () => {
    const bytes = encodeTransaction(transactionOf()).toBuffer();
    const idle = new IdleVisitor();
    expect(() => walkTransaction(bytes, 0, bytes.length - 1, idle)).toThrow('end with its commit');
    expect(() => walkTransaction(bytes, 0, 31, idle)).toThrow('inside an entry');
    expect(() => walkTransaction(bytes, 30, bytes.length, idle)).toThrow('begin with a start');
    const two = Buffer.concat([bytes, bytes]);
    expect(() => walkTransaction(two, 0, two.length, idle)).toThrow('end with its commit');
  });

  it('walkTransaction walks over the commands of 2.3, which carry one image, and refuses to replay them', () => {
    const image = Buffer.from([1, ...new Array(61).fill(0)]);
    const oneImage = Buffer.concat([Buffer.from([3]), Buffer.alloc(8), image]);
    for (const version of [-8, -5])
      expect(skipCommand(oneImage, 0, oneImage.length, formOf(version))).toBe(oneImage.length);
    expect(() => skipCommand(oneImage, 0, oneImage.length, formOf(-9))).toThrow();
    const twoImages = Buffer.concat([oneImage, image]);
    for (const version of [-6, -9, -10]) expect(skipCommand(twoImages, 0, twoImages.length, formOf(version))).toBe(133);
    for (const [type, size] of [
      [6, 8],
      [9, 8 + 43],
      [4, 4 + 5 + 4],
      [5, 4 + 9 + 4],
      [8, 4 + 5 + 4],
    ] as const) {
      const body = Buffer.alloc(1 + size);
      body[0] = type;
      expect(skipCommand(body, 0, body.length, formOf(-8))).toBe(1 + size);
    }
    const legacy = Buffer.concat([
      encodeTransaction(transactionOf()).toBuffer().subarray(0, 30),
      Buffer.from([0xf8, 3]),
      oneImage,
    ]);
    expect(() => walkTransaction(legacy, 0, legacy.length, new IdleVisitor())).toThrow('Neo4j 2.3');
  });

  it('walkTransaction reads the 1-byte map sizes of entry versions -5 and -6', () => {
    const define = Buffer.from([10, 0, 0, 0, 0, 0, 0, 1, 0, 1, 65, 0, 1, 0]);
    for (const version of [-5, -6]) expect(skipCommand(define, 0, define.length, formOf(version))).toBe(define.length);
    expect(() => skipCommand(define, 0, define.length, formOf(-9))).toThrow();
  });
});
