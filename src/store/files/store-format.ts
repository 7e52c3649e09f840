import { GraphkeepError } from '../../base/errors.ts';
import type { DynamicRecord } from '../records/dynamic-record.ts';
import { HIGH_LIMIT_DYNAMIC_HEADER_BYTES, highLimitDynamicCodec } from '../records/high-limit/dynamic-codec.ts';
import { highLimitNodeCodec } from '../records/high-limit/node-codec.ts';
import { highLimitPropertyCodec } from '../records/high-limit/property-codec.ts';
import type { HighLimitVersion } from '../records/high-limit/record-frame.ts';
import { highLimitRelationshipCodec } from '../records/high-limit/relationship-codec.ts';
import { highLimitRelationshipGroupCodec } from '../records/high-limit/relationship-group-codec.ts';
import type { NodeRecord } from '../records/node-record.ts';
import type { PlainViews } from '../records/plain-views.ts';
import type { PropertyRecord } from '../records/property-record.ts';
import type { RecordCodec } from '../records/record-codec.ts';
import type { RelationshipGroupRecord } from '../records/relationship-group-record.ts';
import type { RelationshipRecord } from '../records/relationship-record.ts';
import { STANDARD_DYNAMIC_HEADER_BYTES, standardDynamicCodec } from '../records/standard/dynamic-codec.ts';
import { standardNodeCodec } from '../records/standard/node-codec.ts';
import { standardPlainViews } from '../records/standard/plain-views.ts';
import { standardPropertyCodec } from '../records/standard/property-codec.ts';
import { standardRelationshipCodec } from '../records/standard/relationship-codec.ts';
import { standardRelationshipGroupCodec } from '../records/standard/relationship-group-codec.ts';
import { propertyKeyCodec, tokenCodec } from '../records/token-codec.ts';
import type { TokenRecord } from '../records/token-record.ts';
import { decodeStoreVersion, encodeStoreVersion } from './store-version.ts';

export type FormatFamily = 'standard' | 'high_limit';

/** A descriptor of everything that differs between record formats; looked up by the version value in `neostore` (spec record-stores 4). */
export interface StoreFormat {
  /** The version string, for example `v0.A.9`. */
  readonly name: string;
  readonly version: bigint;
  readonly family: FormatFamily;
  readonly node: RecordCodec<NodeRecord>;
  readonly relationship: RecordCodec<RelationshipRecord>;
  readonly relationshipGroup: RecordCodec<RelationshipGroupRecord>;
  readonly property: RecordCodec<PropertyRecord>;
  /** Label and relationship type tokens. */
  readonly token: RecordCodec<TokenRecord>;
  readonly propertyKey: RecordCodec<TokenRecord>;
  /** Codec of a dynamic store; the record size is in the header record of its file. */
  dynamic(recordSize: number): RecordCodec<DynamicRecord>;
  /** Header bytes of a dynamic record. */
  readonly dynamicHeaderBytes: number;
  /** Readers of single fields; undefined if the format requires decoding whole records. */
  readonly plainViews: PlainViews | undefined;
  /**
   * True if property records have an in-use mark. Without one, the blocks decide: a zero block ends a record that is not full (spec
   * record-stores 6.4).
   */
  readonly propertyMarks: boolean;
  /** True if records may consist of two units. */
  readonly secondUnits: boolean;
  /** True if spatial and temporal values may occur. */
  readonly pointsAndTimes: boolean;
  /** Ids of each kind are below 2 to this power (spec record-stores 5). */
  readonly idBits: IdBits;
}

export interface IdBits {
  node: number;
  relationship: number;
  relationshipGroup: number;
  property: number;
  dynamic: number;
  propertyKey: number;
  relationshipType: number;
  label: number;
}

const standardIdBits: IdBits = {
  node: 35,
  relationship: 35,
  relationshipGroup: 35,
  property: 36,
  dynamic: 36,
  propertyKey: 24,
  relationshipType: 16,
  label: 32,
};

function standard(name: string, pointsAndTimes: boolean): StoreFormat {
  return {
    name,
    version: encodeStoreVersion(name),
    family: 'standard',
    node: standardNodeCodec,
    relationship: standardRelationshipCodec,
    relationshipGroup: standardRelationshipGroupCodec,
    property: standardPropertyCodec,
    token: tokenCodec,
    propertyKey: propertyKeyCodec,
    dynamic: cachedBySize(standardDynamicCodec),
    dynamicHeaderBytes: STANDARD_DYNAMIC_HEADER_BYTES,
    plainViews: standardPlainViews,
    propertyMarks: false,
    secondUnits: false,
    pointsAndTimes,
    idBits: standardIdBits,
  };
}

function highLimit(name: string, version: HighLimitVersion, pointsAndTimes: boolean): StoreFormat {
  return {
    name,
    version: encodeStoreVersion(name),
    family: 'high_limit',
    node: highLimitNodeCodec(version),
    relationship: highLimitRelationshipCodec(version),
    relationshipGroup: highLimitRelationshipGroupCodec(version),
    property: highLimitPropertyCodec(version),
    token: tokenCodec,
    propertyKey: propertyKeyCodec,
    dynamic: cachedBySize(highLimitDynamicCodec),
    dynamicHeaderBytes: HIGH_LIMIT_DYNAMIC_HEADER_BYTES,
    plainViews: undefined,
    propertyMarks: true,
    secondUnits: true,
    pointsAndTimes,
    idBits: {
      ...standardIdBits,
      node: 50,
      relationship: 50,
      relationshipGroup: 50,
      property: 50,
      dynamic: 50,
      relationshipType: version.wideTypes ? 24 : 16,
    },
  };
}

/** One codec per record size, so that call sites stay monomorphic. */
function cachedBySize(
  create: (size: number) => RecordCodec<DynamicRecord>,
): (size: number) => RecordCodec<DynamicRecord> {
  const codecs = new Map<number, RecordCodec<DynamicRecord>>();
  return (size) => {
    let codec = codecs.get(size);
    if (codec === undefined) {
      codec = create(size);
      codecs.set(size, codec);
    }
    return codec;
  };
}

const narrowVariable: HighLimitVersion = { fixedForm: false, wideTypes: false };
const narrow: HighLimitVersion = { fixedForm: true, wideTypes: false };
const wide: HighLimitVersion = { fixedForm: true, wideTypes: true };

/** All readable formats, oldest first within a family. */
export const storeFormats: readonly StoreFormat[] = [
  standard('v0.A.6', false),
  standard('v0.A.7', false),
  standard('v0.A.8', false),
  standard('v0.A.9', true),
  highLimit('vE.H.0', narrowVariable, false),
  highLimit('vE.H.0b', narrow, false),
  highLimit('vE.H.2', wide, false),
  highLimit('vE.H.3', wide, false),
  highLimit('vE.H.4', wide, true),
];

const byVersion = new Map(storeFormats.map((format) => [format.version, format]));
const byName = new Map(storeFormats.map((format) => [format.name, format]));

/** The format of a `neostore` version value (signed or unsigned); throws `store.format` for an unknown one. */
export function formatByVersion(version: bigint): StoreFormat {
  const format = byVersion.get(BigInt.asIntN(64, version));
  if (format !== undefined) return format;
  throw new GraphkeepError('store.format', 'unknown store format', {
    observed: decodeStoreVersion(version) ?? BigInt.asIntN(64, version),
    hint: 'graphkeep reads the record formats standard and high_limit of Neo4j 2.3 to 3.5.',
  });
}

export function formatByName(name: string): StoreFormat {
  const format = byName.get(name);
  if (format !== undefined) return format;
  throw new GraphkeepError('store.format', 'unknown store format', { observed: name });
}

/** The standard format that Neo4j 3.4 and 3.5 create. */
export const STANDARD_FORMAT = formatByName('v0.A.9');
export const HIGH_LIMIT_FORMAT = formatByName('vE.H.4');
