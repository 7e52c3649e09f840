/**
 * PackStream, the value encoding of Bolt, as far as 3.4 and 3.5 servers use it. Keeps types exact: integers are `number` (or `bigint`
 * beyond 2^53), floats are `Float64`, so 1 and 1.0 stay different; temporal and spatial values are `Structure`s.
 */
export class Float64 {
  constructor(readonly value: number) {}
}

export class Structure {
  constructor(
    readonly tag: number,
    readonly fields: readonly Value[],
  ) {}
}

export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Float64
  | Structure
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };

/** Tags of the structures a property value can be. */
export const tags = {
  date: 0x44,
  time: 0x54,
  localTime: 0x74,
  localDateTime: 0x64,
  dateTimeOffset: 0x46,
  dateTimeZone: 0x66,
  duration: 0x45,
  point2d: 0x58,
  point3d: 0x59,
} as const;

export function encode(value: Value): Buffer {
  const parts: Buffer[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

function write(value: Value, out: Buffer[]): void {
  if (value === null) out.push(Buffer.of(0xc0));
  else if (typeof value === 'boolean') out.push(Buffer.of(value ? 0xc3 : 0xc2));
  else if (typeof value === 'bigint') writeInteger(value, out);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) writeInteger(BigInt(value), out);
    else writeFloat(value, out);
  } else if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'utf8');
    writeHead(bytes.length, 0x80, 0xd0, out);
    out.push(bytes);
  } else if (value instanceof Float64) writeFloat(value.value, out);
  else if (value instanceof Structure) {
    out.push(Buffer.of(0xb0 + value.fields.length, value.tag));
    for (const field of value.fields) write(field, out);
  } else if (value instanceof Uint8Array) {
    writeHead(value.length, undefined, 0xcc, out);
    out.push(Buffer.from(value));
  } else if (isList(value)) {
    writeHead(value.length, 0x90, 0xd4, out);
    for (const item of value) write(item, out);
  } else {
    const entries = Object.entries(value);
    writeHead(entries.length, 0xa0, 0xd8, out);
    for (const [key, item] of entries) {
      write(key, out);
      write(item, out);
    }
  }
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function writeHead(size: number, tiny: number | undefined, marker8: number, out: Buffer[]): void {
  if (tiny !== undefined && size < 16) return void out.push(Buffer.of(tiny + size));
  if (size < 0x100) return void out.push(Buffer.of(marker8, size));
  if (size < 0x10000) return void out.push(Buffer.of(marker8 + 1, size >> 8, size & 0xff));
  const head = Buffer.alloc(5);
  head.writeUInt8(marker8 + 2);
  head.writeUInt32BE(size, 1);
  out.push(head);
}

function writeFloat(value: number, out: Buffer[]): void {
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8(0xc1);
  bytes.writeDoubleBE(value, 1);
  out.push(bytes);
}

/** The shortest form: the server refuses a long form where it expects a small number. */
function writeInteger(value: bigint, out: Buffer[]): void {
  if (value >= -16n && value < 128n) return void out.push(Buffer.of(Number(value) & 0xff));
  const width = [1, 2, 4].find((bytes) => BigInt.asIntN(8 * bytes, value) === value) ?? 8;
  const bytes = Buffer.alloc(9);
  bytes.writeBigInt64BE(value, 1);
  const integer = bytes.subarray(8 - width);
  integer[0] = 0xc8 + Math.log2(width);
  out.push(integer);
}

/** Decodes one value that fills the whole buffer. */
export function decode(bytes: Buffer): Value {
  const reader = new Reader(bytes);
  const value = reader.read();
  if (reader.offset !== bytes.length) throw new Error(`${bytes.length - reader.offset} bytes left after a value`);
  return value;
}

class Reader {
  offset = 0;

  constructor(private readonly bytes: Buffer) {}

  read(): Value {
    const marker = this.unsigned(1);
    const low = marker & 0x0f;
    if (marker < 0x80) return marker;
    if (marker >= 0xf0) return marker - 0x100;
    switch (marker & 0xf0) {
      case 0x80:
        return this.text(low);
      case 0x90:
        return this.list(low);
      case 0xa0:
        return this.map(low);
      case 0xb0:
        return this.structure(low);
    }
    switch (marker) {
      case 0xc0:
        return null;
      case 0xc1:
        return new Float64(this.bytes.readDoubleBE(this.skip(8)));
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc8:
        return this.bytes.readInt8(this.skip(1));
      case 0xc9:
        return this.bytes.readInt16BE(this.skip(2));
      case 0xca:
        return this.bytes.readInt32BE(this.skip(4));
      case 0xcb: {
        const value = this.bytes.readBigInt64BE(this.skip(8));
        const small = Number(value);
        return Number.isSafeInteger(small) ? small : value;
      }
      case 0xcc:
      case 0xcd:
      case 0xce: {
        const size = this.size(marker - 0xcc);
        const start = this.skip(size);
        return Uint8Array.prototype.slice.call(this.bytes, start, start + size);
      }
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return this.text(this.size(marker - 0xd0));
      case 0xd4:
      case 0xd5:
      case 0xd6:
        return this.list(this.size(marker - 0xd4));
      case 0xd8:
      case 0xd9:
      case 0xda:
        return this.map(this.size(marker - 0xd8));
    }
    throw new Error(`unknown PackStream marker 0x${marker.toString(16)} at ${this.offset - 1}`);
  }

  private skip(size: number): number {
    const start = this.offset;
    this.offset += size;
    return start;
  }

  private unsigned(size: number): number {
    return this.bytes.readUIntBE(this.skip(size), size);
  }

  private size(width: number): number {
    return this.unsigned(1 << width);
  }

  private text(size: number): string {
    const start = this.skip(size);
    return this.bytes.toString('utf8', start, start + size);
  }

  private list(size: number): Value[] {
    return Array.from({ length: size }, () => this.read());
  }

  private map(size: number): { [key: string]: Value } {
    const entries: [string, Value][] = [];
    for (let i = 0; i < size; i++) {
      const key = this.read();
      if (typeof key !== 'string') throw new Error('map key is not a string');
      entries.push([key, this.read()]);
    }
    return Object.fromEntries(entries);
  }

  private structure(size: number): Structure {
    const tag = this.unsigned(1);
    return new Structure(tag, this.list(size));
  }
}
