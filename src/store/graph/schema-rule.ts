import { ByteReader, OutOfBytes } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { encodeUtf8 } from '../values/short-string.ts';

/** What a rule applies to. `multi` (3.5, fulltext) has several labels or types. */
export interface RuleSchema {
  entity: 'node' | 'relationship';
  /** Label or relationship type ids; one, unless `multi`. */
  entityTokens: number[];
  /** Property keys; order matters. */
  propertyKeys: number[];
  multi: boolean;
}

export interface IndexProvider {
  key: string;
  version: string;
}

export interface IndexRule {
  kind: 'index';
  id: number;
  provider: IndexProvider;
  unique: boolean;
  /** The constraint that owns a unique index, -1 = not yet connected. Only for unique indexes. */
  owningConstraint: number;
  schema: RuleSchema;
  /** Missing in stores of old releases. */
  name?: string;
}

export type ConstraintType = 'existence' | 'unique' | 'node-key';

export interface ConstraintRule {
  kind: 'constraint';
  id: number;
  type: ConstraintType;
  /** The index rule of a unique or node key constraint, else -1. */
  ownedIndex: number;
  schema: RuleSchema;
  name?: string;
}

export type SchemaRule = IndexRule | ConstraintRule;

const NEW_FORM = -1;
const KIND_INDEX = 11;
const KIND_CONSTRAINT = 12;
const INDEX_GENERAL = 31;
const INDEX_UNIQUE = 32;
const CONSTRAINTS: ReadonlyMap<number, ConstraintType> = new Map([
  [61, 'existence'],
  [62, 'unique'],
  [63, 'node-key'],
]);
const SCHEMA_LABEL = 91;
const SCHEMA_TYPE = 92;
const SCHEMA_MULTI = 93;

/**
 * Decodes a rule from the data of its chain (spec record-stores 11.1, and 11.3 for stores created by 2.0-3.1). Its id is the id of the
 * first record of the chain. Strings: u32 byte length, UTF-8. Token lists: u16 count, i32 each.
 *
 *     i32 -1; u8 11 index: str provider key, str provider version, u8 31 general | 32 unique (+ i64 owning constraint), schema, str name
 *     i32 -1; u8 12 constraint: u8 61 existence | 62 unique | 63 node key (62, 63: + i64 owned index), schema, str name
 *     schema: u8 91 label | 92 type: i32 id, property tokens
 *             u8 93 multi: u8 entity 91 | 92, entity tokens, property tokens
 */
export function decodeSchemaRule(id: number, bytes: Uint8Array): SchemaRule {
  const reader = new ByteReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  try {
    const first = reader.i32();
    if (first !== NEW_FORM) return decodeLegacy(id, first, reader);
    const kind = reader.u8();
    if (kind === KIND_INDEX) return decodeIndex(id, reader);
    if (kind === KIND_CONSTRAINT) return decodeConstraint(id, reader);
    throw unknownRule(id, `kind ${kind}`);
  } catch (error) {
    if (error instanceof OutOfBytes) throw unknownRule(id, `${bytes.length} bytes`);
    throw error;
  }
}

function unknownRule(id: number, observed: string): GraphkeepError {
  return new GraphkeepError('store.corrupt', `schema rule ${id} cannot be read`, { observed });
}

function decodeIndex(id: number, reader: ByteReader): IndexRule {
  const provider = { key: readString(reader), version: readString(reader) };
  const type = reader.u8();
  if (type !== INDEX_GENERAL && type !== INDEX_UNIQUE) throw unknownRule(id, `index type ${type}`);
  const unique = type === INDEX_UNIQUE;
  const owningConstraint = unique ? reader.i64() : -1;
  const schema = decodeSchema(id, reader);
  return { kind: 'index', id, provider, unique, owningConstraint, schema, ...readName(reader) };
}

function decodeConstraint(id: number, reader: ByteReader): ConstraintRule {
  const number = reader.u8();
  const type = CONSTRAINTS.get(number);
  if (type === undefined) throw unknownRule(id, `constraint type ${number}`);
  const ownedIndex = type === 'existence' ? -1 : reader.i64();
  const schema = decodeSchema(id, reader);
  return { kind: 'constraint', id, type, ownedIndex, schema, ...readName(reader) };
}

function decodeSchema(id: number, reader: ByteReader): RuleSchema {
  const form = reader.u8();
  if (form === SCHEMA_LABEL || form === SCHEMA_TYPE) {
    const entityTokens = [reader.i32()];
    return { entity: entityOf(form), entityTokens, propertyKeys: readTokens(reader), multi: false };
  }
  if (form !== SCHEMA_MULTI) throw unknownRule(id, `schema ${form}`);
  const entity = reader.u8();
  if (entity !== SCHEMA_LABEL && entity !== SCHEMA_TYPE) throw unknownRule(id, `entity ${entity}`);
  const entityTokens = readTokens(reader);
  return { entity: entityOf(entity), entityTokens, propertyKeys: readTokens(reader), multi: true };
}

function entityOf(number: number): RuleSchema['entity'] {
  return number === SCHEMA_LABEL ? 'node' : 'relationship';
}

function readString(reader: ByteReader): string {
  return reader.bytes(reader.u32()).toString('utf8');
}

function readName(reader: ByteReader): { name?: string } {
  if (reader.remaining === 0) return {};
  const name = readString(reader);
  return name === '' ? {} : { name };
}

function readTokens(reader: ByteReader): number[] {
  const tokens: number[] = [];
  for (let left = reader.u16(); left > 0; left--) tokens.push(reader.i32());
  return tokens;
}

/** Decodes rules of stores created by 2.0-3.1: i32 label or type id, u8 kind 1-5, then fields that depend on the kind. */
function decodeLegacy(id: number, entityToken: number, reader: ByteReader): SchemaRule {
  const kind = reader.u8();
  const schemaOf = (entity: RuleSchema['entity'], propertyKeys: number[]): RuleSchema => ({
    entity,
    entityTokens: [entityToken],
    propertyKeys,
    multi: false,
  });
  switch (kind) {
    case 1:
    case 2: {
      const provider = { key: readString(reader), version: readString(reader) };
      const schema = schemaOf('node', readLegacyKeys(reader, reader.u16()));
      return {
        kind: 'index',
        id,
        provider,
        unique: kind === 2,
        owningConstraint: kind === 2 ? reader.i64() : -1,
        schema,
      };
    }
    case 3: {
      const schema = schemaOf('node', readLegacyKeys(reader, reader.u8()));
      return { kind: 'constraint', id, type: 'unique', ownedIndex: reader.i64(), schema };
    }
    case 4:
    case 5: {
      const schema = schemaOf(kind === 4 ? 'node' : 'relationship', [reader.i32()]);
      return { kind: 'constraint', id, type: 'existence', ownedIndex: -1, schema };
    }
    default:
      throw unknownRule(id, `kind ${kind}`);
  }
}

function readLegacyKeys(reader: ByteReader, count: number): number[] {
  const keys: number[] = [];
  for (let i = 0; i < count; i++) keys.push(reader.i64());
  return keys;
}

/** Encodes a rule as 3.4 and 3.5 do; a rule without a name gets the name that the server would generate. */
export function encodeSchemaRule(rule: SchemaRule): Uint8Array {
  const out = new ByteWriter().i32(NEW_FORM);
  if (rule.kind === 'index') {
    out.u8(KIND_INDEX);
    writeString(out, rule.provider.key);
    writeString(out, rule.provider.version);
    out.u8(rule.unique ? INDEX_UNIQUE : INDEX_GENERAL);
    if (rule.unique) out.i64(rule.owningConstraint);
  } else {
    out.u8(KIND_CONSTRAINT).u8([...CONSTRAINTS].find(([, type]) => type === rule.type)![0]);
    if (rule.type !== 'existence') out.i64(rule.ownedIndex);
  }
  encodeSchema(out, rule.schema);
  writeString(out, rule.name ?? `${rule.kind}_${rule.id}`);
  return out.toBuffer();
}

function encodeSchema(out: ByteWriter, schema: RuleSchema): void {
  const entity = schema.entity === 'node' ? SCHEMA_LABEL : SCHEMA_TYPE;
  if (schema.multi) {
    out.u8(SCHEMA_MULTI).u8(entity);
    writeTokens(out, schema.entityTokens);
  } else {
    out.u8(entity).i32(schema.entityTokens[0]!);
  }
  writeTokens(out, schema.propertyKeys);
}

function writeTokens(out: ByteWriter, tokens: readonly number[]): void {
  out.u16(tokens.length);
  for (const token of tokens) out.i32(token);
}

function writeString(out: ByteWriter, value: string): void {
  const bytes = encodeUtf8(value);
  out.i32(bytes.length).bytes(bytes);
}
