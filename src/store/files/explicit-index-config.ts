import { ByteReader, OutOfBytes } from '../../base/byte-reader.ts';
import { ByteWriter } from '../../base/byte-writer.ts';
import { GraphkeepError } from '../../base/errors.ts';

/**
 * `index.db`, the configuration of explicit indexes (spec record-stores 13):
 *
 *     "neo4j-index", i32 version (1), then two maps, nodes and relationships:
 *     i32 count; per index: name, i32 n, n x (key, value). A string is i32 number of UTF-16 units and the UTF-16 units, big-endian.
 */
export type IndexConfig = Map<string, Map<string, string>>;

export interface ExplicitIndexConfig {
  nodes: IndexConfig;
  relationships: IndexConfig;
}

const MAGIC = Buffer.from('neo4j-index', 'latin1');
const VERSION = 1;

export function decodeExplicitIndexConfig(bytes: Buffer): ExplicitIndexConfig {
  const reader = new ByteReader(bytes);
  try {
    if (!reader.bytes(MAGIC.length).equals(MAGIC)) throw notAConfig('other first bytes');
    const version = reader.i32();
    if (version !== VERSION) throw notAConfig(`version ${version}`);
    return { nodes: readIndexes(reader), relationships: readIndexes(reader) };
  } catch (error) {
    if (error instanceof OutOfBytes) throw notAConfig(`${bytes.length} bytes`);
    throw error;
  }
}

function notAConfig(observed: string): GraphkeepError {
  return new GraphkeepError('file.corrupt', 'the configuration of explicit indexes (index.db) cannot be read', {
    observed,
  });
}

function readIndexes(reader: ByteReader): IndexConfig {
  const indexes: IndexConfig = new Map();
  for (let left = reader.u32(); left > 0; left--) {
    const name = readString(reader);
    const settings = new Map<string, string>();
    for (let pairs = reader.u32(); pairs > 0; pairs--) settings.set(readString(reader), readString(reader));
    indexes.set(name, settings);
  }
  return indexes;
}

function readString(reader: ByteReader): string {
  return Buffer.from(reader.bytes(reader.u32() * 2))
    .swap16()
    .toString('utf16le');
}

export function encodeExplicitIndexConfig({ nodes, relationships }: ExplicitIndexConfig): Buffer {
  const out = new ByteWriter().bytes(MAGIC).i32(VERSION);
  writeIndexes(out, nodes);
  writeIndexes(out, relationships);
  return out.toBuffer();
}

function writeIndexes(out: ByteWriter, indexes: IndexConfig): void {
  out.i32(indexes.size);
  for (const [name, settings] of indexes) {
    writeString(out, name);
    out.i32(settings.size);
    for (const [key, value] of settings) {
      writeString(out, key);
      writeString(out, value);
    }
  }
}

function writeString(out: ByteWriter, value: string): void {
  out.i32(value.length).bytes(Buffer.from(value, 'utf16le').swap16());
}
