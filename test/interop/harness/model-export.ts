import { doubleOfBits } from '../../../src/base/floating-bits.ts';
import type { PropertyValue, ScalarValue } from '../../../src/store/values/property-value.ts';
import { zoneName } from '../../../src/store/values/zone-table.ts';
import type { GraphContent, ModelProperties } from '../../support/history/model-graph.ts';
import { canonicalProperties, type Graph } from './graph-export.ts';
import { Float64, Structure, tags, type Value } from './packstream.ts';

/** What a server must report about a graph, as far as a model knows it: everything but graph properties, which Cypher cannot see. */
export function modelExport(content: GraphContent, schema: Pick<Graph, 'indexes' | 'constraints'>): Graph {
  const nodes = [...content.nodes];
  const relationships = [...content.relationships];
  return {
    nodes: nodes
      .map(({ id, labels, properties }) => ({ id, labels: [...labels].sort(), props: tellProperties(properties) }))
      .sort((a, b) => a.id - b.id),
    relationships: relationships
      .map(({ id, type, start, end, properties }) => ({ id, type, start, end, props: tellProperties(properties) }))
      .sort((a, b) => a.id - b.id),
    indexes: [...schema.indexes].sort(),
    constraints: [...schema.constraints].sort(),
    tokens: [],
    explicitIndexes: [],
    digest: '',
  };
}

/** The export of a server without what a model does not know. */
export function withoutTokens(graph: Graph): Graph {
  return { ...graph, tokens: [], explicitIndexes: [], digest: 'not computed' };
}

function tellProperties(properties: ModelProperties): Record<string, string> {
  return canonicalProperties(
    Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, tellValue(value)])),
  );
}

/** A stored value as Bolt sends it: Bolt has one integer, one float and one text type. */
function tellValue(value: PropertyValue): Value {
  if (value.type !== 'array') return tellScalar(value);
  if (value.of !== 'byte') return value.elements.map(tellScalar);
  return Uint8Array.from(value.elements, (element) => (element as { value: number }).value);
}

function tellScalar(value: ScalarValue): Value {
  switch (value.type) {
    case 'char':
      // Java replaces half of a surrogate pair with a question mark.
      return value.value >= 0xd800 && value.value <= 0xdfff ? '?' : String.fromCharCode(value.value);
    case 'float':
      return new Float64(new Float32Array(Uint32Array.of(value.bits).buffer)[0]!);
    case 'double':
      return new Float64(doubleOfBits(value.bits));
    case 'point': {
      const tag = value.coordinates.length === 2 ? tags.point2d : tags.point3d;
      return new Structure(tag, [value.srid, ...value.coordinates.map((bits) => new Float64(doubleOfBits(bits)))]);
    }
    case 'date':
      return new Structure(tags.date, [value.epochDay]);
    case 'localtime':
      return new Structure(tags.localTime, [value.nanoOfDay]);
    case 'time':
      return new Structure(tags.time, [value.localNanoOfDay, value.offsetSeconds]);
    case 'localdatetime':
      return new Structure(tags.localDateTime, [value.epochSecond, value.nanoOfSecond]);
    case 'datetime':
      return tellDateTime(value);
    case 'duration':
      return new Structure(tags.duration, [value.months, value.days, value.seconds, value.nanos]);
    default:
      return value.value;
  }
}

/** Bolt sends the seconds of the local clock. */
function tellDateTime(value: ScalarValue & { type: 'datetime' }): Value {
  const { epochSecond, nanoOfSecond, offsetSeconds, zone } = value;
  if (zone === undefined)
    return new Structure(tags.dateTimeOffset, [epochSecond + BigInt(offsetSeconds!), nanoOfSecond, offsetSeconds!]);
  const name = zoneName(zone)!;
  const local = epochSecond + BigInt(findOffset(name, Number(epochSecond)));
  return new Structure(tags.dateTimeZone, [local, nanoOfSecond, name]);
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Offset of a zone from UTC at a time, in seconds. */
function findOffset(zone: string, epochSecond: number): number {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const;
    clock = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', second: 'numeric', ...fields });
    clocks.set(zone, clock);
  }
  const parts = clock.formatToParts(epochSecond * 1000).map(({ type, value }) => [type, Number(value)] as const);
  const { year, month, day, hour, minute, second } = Object.fromEntries(parts) as Record<string, number>;
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) / 1000 - epochSecond;
}
