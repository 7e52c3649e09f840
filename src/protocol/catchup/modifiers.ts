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

/** By the names on the wire (spec catchup-protocol 6); `LZ_validating` is really spelled so. */
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
 * The names of causal_clustering.protocol_implementations.compression as they stand on the wire, in the same order; upper and lower case
 * do not count in the setting. A name that does not exist is `config`.
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

/** Compresses what a client sends behind the handshake. Responses are never compressed (spec catchup-protocol 6). */
export class RequestCompressor {
  private readonly encoder: RequestEncoder | undefined;

  /** `modifiers`: as the handshake agreed on them. */
  constructor(modifiers: readonly Modifier[]) {
    this.encoder = findCompression(modifiers)?.createEncoder();
  }

  encode(bytes: Buffer): Buffer {
    return this.encoder?.encode(bytes) ?? bytes;
  }
}

/** The other end of a {@link RequestCompressor}, or of the one of a Java client. */
export class RequestDecompressor {
  private readonly decoder: RequestInflater | undefined;

  /** `offset`: bytes of the connection before, for the places in errors. */
  constructor(modifiers: readonly Modifier[], peer: string, offset = 0) {
    this.decoder = findCompression(modifiers)?.createDecoder(peer, offset);
  }

  /** What these bytes yield, perhaps nothing. Wait for it before the next call. Throws `peer.protocol`: then close the connection. */
  async decode(bytes: Buffer): Promise<Buffer> {
    return this.decoder === undefined ? bytes : this.decoder.decode(bytes);
  }

  /** To be called once, when the connection ends and no call to {@link decode} is under way. */
  close(): void {
    this.decoder?.close?.();
  }
}

function findCompression(modifiers: readonly Modifier[]): Compression | undefined {
  const modifier = modifiers.find(({ category }) => category === 'compression');
  return modifier === undefined ? undefined : compressions.get(modifier.implementation);
}
