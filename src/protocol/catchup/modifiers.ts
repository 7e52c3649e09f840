import { GraphkeepError } from '../../base/errors.ts';
import { printableText } from '../../base/printable-text.ts';
import { BlockStreamDecoder } from './compression/block-stream.ts';
import { encodeLz4, Lz4Format } from './compression/lz4-stream.ts';
import { SnappyEncoder, SnappyFormat } from './compression/snappy-stream.ts';
import { ZlibDecoder, ZlibEncoder } from './compression/zlib-stream.ts';
import type { Modifier } from './handshake-messages.ts';

interface RequestEncoder {
  encode(bytes: Buffer): Buffer;
}

interface RequestInflater {
  decode(bytes: Buffer): Buffer | Promise<Buffer>;
  close?(): void;
}

interface Compression {
  createEncoder(): RequestEncoder;
  createDecoder(peer: string, offset: number): RequestInflater;
}

const zlib: Compression = {
  createEncoder: () => new ZlibEncoder(),
  createDecoder: (peer, offset) => new ZlibDecoder(peer, offset),
};
const snappy: Compression = {
  createEncoder: () => new SnappyEncoder(),
  createDecoder: (peer, offset) => new BlockStreamDecoder(new SnappyFormat(), peer, offset),
};
const lz4: Compression = {
  createEncoder: () => ({ encode: encodeLz4 }),
  createDecoder: (peer, offset) => new BlockStreamDecoder(new Lz4Format(), peer, offset),
};

/** By the names on the wire (spec catchup-protocol 6); `LZ_validating` really is spelled like that. */
const compressions = new Map<string, Compression>([
  ['Gzip', zlib],
  ['Snappy', snappy],
  ['Snappy_validating', snappy],
  ['LZ4', lz4],
  ['LZ_validating', lz4],
  ['LZ4_high_compression', lz4],
  ['LZ4_high_compression_validating', lz4],
]);

/**
 * Converts the names in causal_clustering.protocol_implementations.compression, whose case does not matter, to their wire form, in the same
 * order. Throws `config` for an unknown name.
 */
export function readCompressionNames(names: readonly string[]): string[] {
  return names.map((name) => {
    const found = [...compressions.keys()].find((known) => known.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    throw new GraphkeepError('config', 'causal_clustering.protocol_implementations.compression names no compression', {
      observed: printableText(name, 60),
      hint: `Choose from ${[...compressions.keys()].join(', ')}.`,
    });
  });
}

/** Compresses what a client sends after the handshake. Responses are never compressed (spec catchup-protocol 6). */
export class RequestCompressor {
  private readonly encoder: RequestEncoder | undefined;

  /** `modifiers`: those agreed in the handshake. */
  constructor(modifiers: readonly Modifier[]) {
    this.encoder = findCompression(modifiers)?.createEncoder();
  }

  encode(bytes: Buffer): Buffer {
    return this.encoder?.encode(bytes) ?? bytes;
  }
}

/** Decompresses what a {@link RequestCompressor} or a Java client sends. */
export class RequestDecompressor {
  private readonly decoder: RequestInflater | undefined;

  /** `offset`: bytes of the connection before this stream, for the places in errors. */
  constructor(modifiers: readonly Modifier[], peer: string, offset = 0) {
    this.decoder = findCompression(modifiers)?.createDecoder(peer, offset);
  }

  /** What these bytes yield, possibly nothing. Await it before the next call. After `peer.protocol`, close the connection. */
  async decode(bytes: Buffer): Promise<Buffer> {
    return this.decoder === undefined ? bytes : this.decoder.decode(bytes);
  }

  /** Call once, when the connection ends and no call to {@link decode} is under way. */
  close(): void {
    this.decoder?.close?.();
  }
}

function findCompression(modifiers: readonly Modifier[]): Compression | undefined {
  const modifier = modifiers.find(({ category }) => category === 'compression');
  return modifier === undefined ? undefined : compressions.get(modifier.implementation);
}
