import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { PropertyValue, ScalarValue } from '../../src/store/property-value.ts';
import { zoneName } from '../../src/store/zone-table.ts';
import { corpusPath, unpackCorpus } from './unpack-corpus.ts';

/** Stores of the corpus that were closed cleanly and have an expected content. */
export const goldenStores = [
  '3.4.9-empty',
  '3.4.9-standard',
  '3.4.9-high_limit',
  '3.5.34-empty',
  '3.5.34-standard',
  '3.5.0-beta03-high_limit',
] as const;

export interface ExpectedStore {
  recordFormat: string;
  neostore: Record<string, string>;
  countsLive: { file: string; txId: number; minorVersion: number; entries: number };
  idFiles: Record<string, { status: number; highId: number; free: number[] }>;
  nodes: { id: number; labels: string[]; props: Record<string, unknown> }[];
  relationships: { id: number; type: string; start: number; end: number; props: Record<string, unknown> }[];
  // biome-ignore lint/suspicious/noExplicitAny: rows of procedures, whose columns differ between releases
  indexes: any[];
  constraints: { description: string }[];
  labelTokens: string[];
  relationshipTypeTokens: string[];
  propertyKeyTokens: string[];
  counts: { nodes: number; relationships: number; byLabel: Record<string, number>; byType: Record<string, number> };
  graphProperties: Record<string, unknown>;
}

export function expectedStore(name: string): ExpectedStore {
  return JSON.parse(gunzipSync(readFileSync(corpusPath(`stores/${name}.expected.json.gz`))).toString());
}

/** Unpacks a store of the corpus below `parent` and returns its database directory. */
export async function unpackStore(name: string, parent: string): Promise<string> {
  const directory = join(parent, name);
  await unpackCorpus(`stores/${name}.tar.gz`, directory);
  return name.startsWith('small-') ? directory : join(directory, 'graph.db');
}

/** A value in the notation of the expected files, see the README there; without `iso`. */
export function noteValue(value: PropertyValue): unknown {
  if (value.type !== 'array') return { t: shortName(value.type), v: noteScalar(value) };
  return { t: `${shortName(value.of)}[]`, v: value.elements.map(noteScalar) };
}

/** An expected value without what is only for humans. */
export function withoutIso(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIso);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'iso')
      .map(([key, inner]) => [key, withoutIso(inner)]),
  );
}

function shortName(type: ScalarValue['type']): string {
  return type === 'boolean' ? 'bool' : type;
}

function hex(bits: number | bigint, digits: number): string {
  return bits.toString(16).padStart(digits, '0');
}

function noteScalar(value: ScalarValue): unknown {
  switch (value.type) {
    case 'long':
      return String(value.value);
    case 'float':
      return hex(value.bits, 8);
    case 'double':
      return hex(value.bits, 16);
    case 'point':
      return { srid: value.srid, c: value.coordinates.map((bits) => hex(bits, 16)) };
    case 'date':
      return { epochDay: String(value.epochDay) };
    case 'localtime':
      return { nanoOfDay: String(value.nanoOfDay) };
    case 'time':
      return { localNanoOfDay: String(value.localNanoOfDay), offset: value.offsetSeconds };
    case 'localdatetime':
      return { epochSecond: String(value.epochSecond), nano: value.nanoOfSecond };
    case 'datetime': {
      const place = value.zone === undefined ? { offset: value.offsetSeconds } : { zone: zoneName(value.zone) };
      return { epochSecond: String(value.epochSecond), nano: value.nanoOfSecond, ...place };
    }
    case 'duration':
      return {
        months: String(value.months),
        days: String(value.days),
        seconds: String(value.seconds),
        nanos: value.nanos,
      };
    default:
      return value.value;
  }
}
