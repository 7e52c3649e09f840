import { ByteReader, OutOfBytes } from '../../../base/byte-reader.ts';
import { ByteWriter } from '../../../base/byte-writer.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import type { CurveSettings } from './space-filling-curve.ts';

/** A coordinate reference system: its code (SRID) and the table of that code. */
export interface CoordinateSystem {
  srid: number;
  table: number;
  dimensions: number;
}

const DEGREES = [
  { min: -180, max: 180 },
  { min: -90, max: 90 },
];
const MILLION = { min: -1_000_000, max: 1_000_000 };
const LEVELS_2D = 30;
const LEVELS_3D = 20;

/** The four coordinate reference systems, with a server's default settings (spec trees-and-indexes 11). */
const SYSTEMS: readonly (CoordinateSystem & { defaults: CurveSettings })[] = [
  { srid: 4326, table: 1, dimensions: 2, defaults: { maxLevels: LEVELS_2D, axes: DEGREES } },
  { srid: 4979, table: 1, dimensions: 3, defaults: { maxLevels: LEVELS_3D, axes: [...DEGREES, MILLION] } },
  { srid: 7203, table: 2, dimensions: 2, defaults: { maxLevels: LEVELS_2D, axes: [MILLION, MILLION] } },
  { srid: 9157, table: 2, dimensions: 3, defaults: { maxLevels: LEVELS_3D, axes: [MILLION, MILLION, MILLION] } },
];

export function findSystem(srid: number): CoordinateSystem | undefined {
  return SYSTEMS.find((system) => system.srid === srid);
}

/** Name of the system's file in the spatial part. */
export function spatialFileName({ table, srid }: CoordinateSystem): string {
  return `${table}-${srid}`;
}

/**
 * Settings of the space filling curves of one index: those in its headers, and defaults for other coordinate reference systems. Defaults
 * that were used must be added to a header.
 */
export class PointCurves {
  private readonly known = new Map<number, CurveSettings>();
  private readonly added = new Set<number>();

  set(srid: number, settings: CurveSettings): void {
    this.known.set(srid, settings);
  }

  /** Undefined for an unknown coordinate reference system. */
  settingsOf(srid: number): CurveSettings | undefined {
    const settings = this.known.get(srid);
    if (settings !== undefined) return settings;
    const defaults = SYSTEMS.find((system) => system.srid === srid)?.defaults;
    if (defaults === undefined) return undefined;
    this.known.set(srid, defaults);
    this.added.add(srid);
    return defaults;
  }

  /** True if settings were used that no header has. */
  get hasAdditions(): boolean {
    return this.added.size > 0;
  }

  /**
   * User header of an online `native-btree-1.0` index: u8 1, u8 version 0, i32 count, then per system u8 table, i32 code, u16 levels,
   * u16 dimensions, per dimension f64 min and max.
   */
  encodeGenericHeader(): Uint8Array {
    const writer = new ByteWriter().u8(1).u8(0).i32(this.known.size);
    for (const [srid, { maxLevels, axes }] of this.known) {
      writer.u8(findSystem(srid)!.table).i32(srid).u16(maxLevels).u16(axes.length);
      writeAxes(writer, axes);
    }
    return writer.toBuffer();
  }

  /** Reads the settings from the header of a generic index. */
  readGenericHeader(header: Uint8Array, file: string): void {
    readHeader(header, file, (reader) => {
      reader.skip(2);
      for (let count = reader.i32(); count > 0; count--) {
        const table = reader.u8();
        const srid = reader.i32();
        if (findSystem(srid)?.table !== table) throw unknownSettings(file, `${table}-${srid}`);
        const maxLevels = reader.u16();
        this.set(srid, { maxLevels, axes: readAxes(reader, reader.u16()) });
      }
    });
  }
}

const SINGLE_CURVE = 1;

/** User header of an online spatial part: u8 1, i32 kind 1, i32 levels, i32 dimensions, per dimension f64 min and max. */
export function encodeSpatialHeader({ maxLevels, axes }: CurveSettings): Uint8Array {
  const writer = new ByteWriter().u8(1).i32(SINGLE_CURVE).i32(maxLevels).i32(axes.length);
  writeAxes(writer, axes);
  return writer.toBuffer();
}

export function decodeSpatialHeader(header: Uint8Array, file: string): CurveSettings {
  return readHeader(header, file, (reader) => {
    reader.skip(1);
    const kind = reader.i32();
    if (kind !== SINGLE_CURVE) throw unknownSettings(file, `kind ${kind}`);
    const maxLevels = reader.i32();
    return { maxLevels, axes: readAxes(reader, reader.i32()) };
  });
}

function readHeader<T>(header: Uint8Array, file: string, read: (reader: ByteReader) => T): T {
  try {
    return read(new ByteReader(Buffer.from(header)));
  } catch (error) {
    if (error instanceof OutOfBytes) throw unknownSettings(file, `${header.length} bytes`);
    throw error;
  }
}

function readAxes(reader: ByteReader, dimensions: number): CurveSettings['axes'] {
  const axes: CurveSettings['axes'] = [];
  for (let i = 0; i < dimensions; i++) axes.push({ min: readDouble(reader), max: readDouble(reader) });
  return axes;
}

function readDouble(reader: ByteReader): number {
  return reader.buffer.readDoubleBE(reader.take(8));
}

function writeAxes(writer: ByteWriter, axes: CurveSettings['axes']): void {
  const bytes = Buffer.alloc(8);
  for (const { min, max } of axes) {
    bytes.writeDoubleBE(min);
    writer.bytes(bytes);
    bytes.writeDoubleBE(max);
    writer.bytes(bytes);
  }
}

function unknownSettings(file: string, observed: string): GraphkeepError {
  return new GraphkeepError('file.corrupt', 'unknown settings of points in the header of an index', {
    place: { file },
    observed,
  });
}
