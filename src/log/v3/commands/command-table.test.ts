import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../base/byte-writer.ts';
import { decodeCheckPointEntry, encodeCheckPointEntry } from '../entries/check-point-entry.ts';
import { decodeCommitEntry, encodeCommitEntry } from '../entries/commit-entry.ts';
import { decodeStartEntry, encodeStartEntry, skipStartEntry, transactionChecksum } from '../entries/start-entry.ts';
import { INCOMPLETE } from '../fields/log-integer.ts';
import { decodeLogHeader, encodeLogHeader, LOG_HEADER_BYTES } from '../log-header.ts';
import { readEntryForm } from '../transaction-walker.ts';
import { decodeCommand, encodeCommand, type LogCommand, skipCommand } from './command-table.ts';
import type { DynamicImage } from './dynamic-record-image.ts';
import type { IndexValue } from './index-value.ts';

const corpus = new URL('../../../../test/corpus/txlogs/', import.meta.url);
const folders = [
  'diverse-3.5.34-standard',
  'diverse-3.4.9-standard',
  'diverse-3.4.9-highlimit',
  'small-3.5.34',
  'small-3.4.9',
  'torn',
];

// biome-ignore lint/suspicious/noExplicitAny: the expected decodings are free-form JSON
type Json = any;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const unsigned = (value: number) => `0x${value.toString(16)}`;

const dynamic = (record: DynamicImage): Json => ({
  id: record.id,
  type: record.type,
  flags: record.flags,
  inUse: (record.flags & 1) !== 0,
  ...((record.flags & 1) === 0 ? {} : { start: (record.flags & 2) !== 0, next: record.next, data: hex(record.data) }),
});

const flagFields = (flags: number): Json => ({
  flags,
  inUse: (flags & 1) !== 0,
  reqSec: (flags & 4) !== 0,
  hasSec: (flags & 8) !== 0,
  fixed: (flags & 16) !== 0,
});

function describeValue(value: IndexValue): Json {
  if (value.type === 'none') return null;
  const view = new DataView(new ArrayBuffer(8));
  if (value.type === 'float') {
    view.setUint32(0, value.bits);
    return view.getFloat32(0);
  }
  if (value.type === 'double') {
    view.setBigUint64(0, value.bits);
    return view.getFloat64(0);
  }
  return typeof value.value === 'bigint' ? Number(value.value) : value.value;
}

/** Our decoded command in the vocabulary of the expected one. */
function describeCommand(command: LogCommand): Json {
  const writer = new ByteWriter();
  encodeCommand(writer, command);
  const t = writer.view()[0]!;
  switch (command.kind) {
    case 'node': {
      const image = (i: typeof command.before): Json => ({
        ...flagFields(i.flags),
        created: (i.flags & 2) !== 0,
        ...((i.flags & 1) === 0
          ? {}
          : { dense: i.dense ? 1 : 0, nextRel: i.nextRel, nextProp: i.nextProp, labels: unsigned(i.labelField) }),
        dynLabels: i.dynamicLabels.map(dynamic),
      });
      return { c: 'node', t, id: command.id, before: image(command.before), after: image(command.after) };
    }
    case 'relationship': {
      const image = (i: typeof command.before): Json => ({
        ...flagFields(i.flags),
        created: (i.flags & 2) !== 0,
        type: i.type,
        ...((i.flags & 1) === 0
          ? {}
          : {
              first: i.start,
              second: i.end,
              fp: i.startPrev,
              fn: i.startNext,
              sp: i.endPrev,
              sn: i.endNext,
              nextProp: i.nextProp,
              markers: i.markers,
            }),
      });
      return { c: 'relationship', t, id: command.id, before: image(command.before), after: image(command.after) };
    }
    case 'relationshipGroup': {
      const image = (i: typeof command.before): Json => ({
        ...flagFields(i.flags),
        type: i.type,
        next: i.next,
        out: i.firstOut,
        in: i.firstIn,
        loop: i.firstLoop,
        owner: i.owner,
      });
      return { c: 'relGroup', t, id: command.id, before: image(command.before), after: image(command.after) };
    }
    case 'property': {
      const image = (i: typeof command.before): Json => ({
        ...flagFields(i.flags),
        isRel: (i.flags & 2) !== 0,
        next: i.next,
        prev: i.prev,
        owner: i.owner,
        blocks: i.blocks.map((block) => ({
          v: Array.from({ length: block.value.length / 8 }, (_, k) => {
            const word = Buffer.from(block.value).readBigUInt64BE(8 * k);
            return `0x${word.toString(16)}`;
          }),
          dyn: block.records.map(dynamic),
        })),
        deleted: i.deleted.map(dynamic),
      });
      return { c: 'property', t, id: command.id, before: image(command.before), after: image(command.after) };
    }
    case 'token': {
      const isKey = command.token === 'propertyKey';
      const image = (i: typeof command.before): Json => ({
        inUse: i.inUse,
        ...(isKey ? { count: i.propertyCount } : {}),
        nameId: i.nameId,
        names: i.nameRecords.map(dynamic),
      });
      const c = { label: 'labelToken', relationshipType: 'relTypeToken', propertyKey: 'propKeyToken' }[command.token];
      return { c, t, id: command.id, before: image(command.before), after: image(command.after) };
    }
    case 'neoStore':
      return { c: 'neostore', t, before: command.nextPropBefore, after: command.nextPropAfter };
    case 'schemaRule':
      return {
        c: 'schemaRule',
        t,
        before: command.before.map(dynamic),
        after: command.after.map(dynamic),
        created: command.created ? 1 : 0,
      };
    case 'nodeCounts':
      return { c: 'nodeCounts', t, label: command.label, delta: command.delta };
    case 'relationshipCounts':
      return {
        c: 'relCounts',
        t,
        start: command.startLabel,
        type: command.type,
        end: command.endLabel,
        delta: command.delta,
      };
    case 'indexDefine': {
      const map = (entries: typeof command.names) => Object.fromEntries(entries.map(({ name, id }) => [name, id]));
      return { c: 'indexDefine', t, names: map(command.names), keys: map(command.keys) };
    }
    default: {
      const h = { entity: command.entity === 'node' ? 0 : 1, index: command.index, key: command.key };
      if (command.kind === 'indexDelete') return { c: 'indexDelete', t, h };
      if (command.kind === 'indexCreate') {
        const config = Object.fromEntries(command.configuration.map(({ key, value }) => [key, value]));
        return { c: 'indexCreate', t, h, config };
      }
      const body = { t, h, id: command.id, value: describeValue(command.value) };
      if (command.kind === 'indexAddNode') return { c: 'indexAddNode', ...body };
      if (command.kind === 'indexRemove') return { c: 'indexRemove', ...body };
      return { c: 'indexAddRel', ...body, startNode: command.startNode, endNode: command.endNode };
    }
  }
}

/** The expected command without what our decoder derives: the raw header of explicit index commands. */
function normalize(command: Json): Json {
  if (command.c === 'indexDefine') return { ...command, h: undefined };
  if (command.h === undefined) return command;
  return { ...command, h: { entity: command.h.entity, index: command.h.index, key: command.h.key } };
}

/** As the matcher, which takes most of the time of thousands of commands, says it if something differs. */
function expectSame(found: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(found, expected)) expect(found).toEqual(expected);
}

function failureOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

function decodeAndEncode(buffer: Buffer, expected: Json[]): Buffer {
  const writer = new ByteWriter();
  const header = decodeLogHeader(buffer.subarray(0, LOG_HEADER_BYTES), 'log')!;
  writer.bytes(encodeLogHeader(header));
  for (const entry of expected) {
    if (entry.e === 'torn') break;
    const { off, len } = entry;
    const end = off + len;
    const form = readEntryForm(buffer, off);
    expectSame([form.version, buffer[off + 1]], [entry.ver, entry.type]);
    if (entry.e === 'start') {
      expectSame(skipStartEntry(buffer, off, buffer.length), end);
      const start = decodeStartEntry(buffer, off);
      const found = {
        master: start.masterId,
        author: start.authorId,
        time: start.timeStarted,
        latestTx: start.latestCommittedWhenStarted,
        header: hex(start.header),
        checksum: String(transactionChecksum(start)),
      };
      const { master, author, time, latestTx, header: more, checksum } = entry;
      expectSame(found, { master, author, time, latestTx, header: more, checksum });
      encodeStartEntry(writer, start);
    } else if (entry.e === 'commit') {
      const commit = decodeCommitEntry(buffer, off);
      expectSame(commit, { transactionId: entry.tx, timeCommitted: entry.time });
      encodeCommitEntry(writer, commit);
    } else if (entry.e === 'checkpoint') {
      const position = decodeCheckPointEntry(buffer, off);
      expectSame(position, { version: entry.logVersion, offset: entry.offset });
      encodeCheckPointEntry(writer, position);
    } else {
      expectSame(skipCommand(buffer, off + 2, buffer.length, form), end);
      expectSame(
        failureOf(() => skipCommand(buffer, off + 2, end - 1, form)),
        INCOMPLETE,
      );
      const command = decodeCommand(buffer, off + 2, end, form);
      expectSame(describeCommand(command), normalize(entry.cmd));
      writer.u8(0xf6).u8(3);
      encodeCommand(writer, command);
    }
  }
  return writer.toBuffer();
}

describe('entries and commands of real servers', () => {
  for (const folder of folders) {
    it(`the command table decodes ${folder} as expected and encodes it to the same bytes`, () => {
      const json = JSON.parse(
        gunzipSync(readFileSync(new URL(`${folder}/entries.json.gz`, corpus))).toString(),
      ) as Json;
      for (const file of json.files) {
        const buffer = readFileSync(new URL(`${folder}/${file.file}`, corpus));
        const encoded = decodeAndEncode(buffer, file.entries);
        const torn = file.entries.at(-1).e === 'torn' ? file.entries.at(-1).remaining : 0;
        expect(encoded.length).toBe(buffer.length - torn);
        expect(encoded.equals(buffer.subarray(0, encoded.length))).toBe(true);
      }
    });
  }
});
