import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLIENT_HANDSHAKE_BYTES, readCatchupCapture } from '../../../../test/support/corpus/catchup-captures.ts';
import { cutBytes } from '../../../../test/support/corpus/common-captures.ts';
import { campaign } from '../../../../test/support/random/campaign-size.ts';
import { GraphkeepError } from '../../../base/errors.ts';
import { encodeRequest } from '../catchup-request.ts';
import { RequestCompressor, RequestDecompressor, readCompressionNames } from '../modifiers.ts';
import { RequestDecoder } from '../request-decoder.ts';
import { crc32c } from './crc32c.ts';
import { cutUnambiguously, maskedChecksum, maskedSignedChecksum } from './snappy-checksum.ts';
import { xxHash32 } from './xxhash32.ts';

const names = readCompressionNames([
  'gzip',
  'SNAPPY',
  'snappy_validating',
  'lz4',
  'LZ_VALIDATING',
  'lz4_high_compression',
  'lz4_high_compression_validating',
]);

function compressor(name: string): RequestCompressor {
  return new RequestCompressor([{ category: 'compression', implementation: name }]);
}

function decompressor(name: string, offset = 0): RequestDecompressor {
  return new RequestDecompressor([{ category: 'compression', implementation: name }], 'client', offset);
}

/** Decompresses with a fresh decoder; the test continues even if one of them failed. */
async function decompress(name: string, pieces: Iterable<Buffer>): Promise<Buffer> {
  const decoder = decompressor(name, 100);
  const plain: Buffer[] = [];
  try {
    for (const piece of pieces) plain.push(await decoder.decode(piece));
  } finally {
    decoder.close();
  }
  return Buffer.concat(plain);
}

async function refusalOf(name: string, bytes: Buffer): Promise<GraphkeepError> {
  const error: unknown = await decompress(name, [bytes]).then(
    () => new Error('accepted'),
    (caught: unknown) => caught,
  );
  if (!(error instanceof GraphkeepError)) throw error;
  expect(error.code).toBe('peer.protocol');
  expect(error.place!.peer).toBe('client');
  expect(error.place!.offset).toBeGreaterThanOrEqual(100);
  return error;
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

describe('checksums', () => {
  it('checksums match their specifications', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(crc32c(Buffer.from('6789'), crc32c(Buffer.from('12345')))).toBe(0xe3069283);
    expect(xxHash32(Buffer.alloc(0), 0)).toBe(0x02cc5d05);
    expect(xxHash32(Buffer.from('abc'), 0)).toBe(0x32d153ff);
    expect(xxHash32(Buffer.from('Nobody inspects the spammish repetition'), 0)).toBe(0xe2293b2f);
  });
});

describe('captured requests of Java clients', () => {
  for (const [name, implementation, start] of [
    ['gzip', 'Gzip', 137],
    ['snappy', 'Snappy', 141],
    ['lz4', 'LZ4', 135],
  ] as const) {
    it(`${name} requests of a Java client decompress to a full backup, however they are cut, and compress again`, async () => {
      const compressed = readCatchupCapture(`${name}-349.c2s.bin`).subarray(start);
      for (const size of [1, 2, 3, 21, 100, 5000]) {
        const plain = await decompress(implementation, cutBytes(compressed, [size]));
        // The same requests as in the uncompressed session; only the store id and C may differ.
        expect(plain.length).toBe(readCatchupCapture('full-349.c2s.bin').length - CLIENT_HANDSHAKE_BYTES);
        const decoder = new RequestDecoder('client');
        decoder.feed(plain);
        const written: Buffer[] = [];
        for (let request = decoder.next(); request !== undefined; request = decoder.next()) {
          written.push(encodeRequest(request));
        }
        expect(written.length).toBe(19);
        expect(Buffer.concat(written).equals(plain)).toBe(true);
        const encoder = compressor(implementation);
        const again = await decompress(
          implementation,
          written.map((request) => encoder.encode(request)),
        );
        expect(again.equals(plain)).toBe(true);
      }
    });
  }
});

describe('what is compressed', () => {
  it('compressed bytes decompress to the same under every name', async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), pieces, sizes, async (name, messages, cuts) => {
        const encoder = compressor(name);
        const sent = Buffer.concat(messages.map((message) => encoder.encode(Buffer.from(message))));
        const plain = await decompress(name, cutBytes(sent, cuts));
        expect(plain.equals(Buffer.concat(messages))).toBe(true);
      }),
      { numRuns: campaign.rounds(300) },
    );
  });

  it('bytes without a modifier are sent uncompressed', async () => {
    const bytes = Buffer.from('abc');
    expect(new RequestCompressor([]).encode(bytes)).toBe(bytes);
    const decoder = new RequestDecompressor([], 'client');
    expect(await decoder.decode(bytes)).toBe(bytes);
    decoder.close();
  });

  it('compressed bytes are in the format that the names promise', () => {
    expect(compressor('Gzip').encode(hex('0000000104')).toString('hex')).toBe(
      '78010005 00faff 0000000104'.replaceAll(' ', ''),
    );
    const lz4 = compressor('LZ4').encode(hex('00000001040000000100'));
    // The first block of the capture holds the same bytes, stored.
    expect(lz4.toString('hex')).toBe(readCatchupCapture('lz4-349.c2s.bin').toString('hex', 135, 135 + 31));
    expect(compressor('Snappy').encode(hex('00')).toString('hex', 0, 10)).toBe('ff060000734e61507059');
  });
});

describe('the checksums of old Java servers', () => {
  it('the checksums of old Java servers are accepted like those of new ones', async () => {
    const identifier = 'ff060000734e61507059';
    expect(await decompress('Snappy_validating', [hex(`${identifier} 01080000 f15e82a2 00000001`)])).toEqual(
      hex('00000001'),
    );
    expect(await decompress('Snappy_validating', [hex(`${identifier} 01080000 f15e0c34 00000001`)])).toEqual(
      hex('00000001'),
    );
    expect((await refusalOf('Snappy', hex(`${identifier} 01080000 f15e82a3 00000001`))).observed).toBe('f15e82a3');
  });

  it('the checksums of old Java servers agree with the right ones on the pieces of every request', () => {
    const whole = fc.maxSafeInteger();
    const storeId = fc.record({
      creationTime: whole,
      randomId: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      upgradeTime: whole,
      upgradeTransactionId: whole,
    });
    const request = fc.oneof(
      fc.record({ kind: fc.constant('prepareStoreCopy'), storeId }),
      fc.record({ kind: fc.constant('storeFile'), storeId, requiredTransactionId: whole, name: fc.string() }),
      fc.record({ kind: fc.constant('transactions'), storeId, after: whole }),
      fc.constant({ kind: 'storeId' } as const),
    );
    fc.assert(
      fc.property(request, (sent) => {
        const bytes = encodeRequest(sent);
        const pieces = cutUnambiguously(bytes);
        expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
        for (const piece of pieces) expect(maskedChecksum(piece)).toBe(maskedSignedChecksum(piece));
      }),
      { numRuns: campaign.rounds(500) },
    );
  });

  it('checksums stay the right ones where nothing can be done', () => {
    // A single byte cannot be cut.
    const byte = Buffer.from([4]);
    expect(cutUnambiguously(byte)).toEqual([byte]);
    expect(maskedSignedChecksum(byte)).not.toBe(maskedChecksum(byte));
    const encoded = compressor('Snappy_validating').encode(byte);
    expect(encoded.readUInt32LE(encoded.length - 5)).toBe(maskedChecksum(byte));
  });
});

describe('streams that are refused', () => {
  it('streams without their beginning, with wrong checksums, or of impossible length are refused', async () => {
    await refusalOf('Snappy', hex('01080000 f15e82a2 00000001'));
    await refusalOf('Snappy', hex('ff060000 734e61507058'));
    await refusalOf('Snappy', hex('ff070000'));
    const snappy = 'ff060000 734e61507059';
    await refusalOf('Snappy', hex(`${snappy} 02040000 00000000`));
    await refusalOf('Snappy', hex(`${snappy} 01030000 000000`));
    await refusalOf('Snappy', hex(`${snappy} 01ffffff`));
    expect(await decompress('Snappy', [hex(`${snappy} fe030000 000000 80000000 ${snappy}`)])).toEqual(Buffer.alloc(0));
    const lz4 = compressor('LZ4').encode(Buffer.from('abc'));
    for (const at of [0, 8, 9, 13, 17, 21]) {
      const damaged = Buffer.from(lz4);
      damaged[at]! ^= 0x41;
      await refusalOf('LZ4', damaged);
    }
    const ended = hex(`${Buffer.from('LZ4Block').toString('hex')} 16 00000000 00000000 00000000`);
    expect(await decompress('LZ4', [ended])).toEqual(Buffer.alloc(0));
    await refusalOf('LZ4', Buffer.concat([ended, lz4]));
    await refusalOf('Gzip', Buffer.from('HTTP/1.1 200 OK'));
  });

  it('streams that grow without limit are refused', async () => {
    const zeros = Buffer.alloc(8 << 20);
    expect((await refusalOf('Gzip', deflateSync(zeros))).message).toContain('too long');
    const block = compressor('LZ4').encode(zeros);
    expect((await refusalOf('LZ4', block)).message).toContain('too long');
  });

  it('streams that have ended, and streams used after a failure, are refused', async () => {
    const decoder = decompressor('Gzip');
    expect((await decoder.decode(deflateSync(Buffer.from('abc')))).toString()).toBe('abc');
    await expect(decoder.decode(Buffer.from('def'))).rejects.toThrow(GraphkeepError);
    await expect(decoder.decode(Buffer.from('ghi'))).rejects.toThrow('ended');
    decoder.close();
  });
});

describe('names', () => {
  it('the names are those on the wire', () => {
    expect(names).toEqual([
      'Gzip',
      'Snappy',
      'Snappy_validating',
      'LZ4',
      'LZ_validating',
      'LZ4_high_compression',
      'LZ4_high_compression_validating',
    ]);
    expect(() => readCompressionNames(['zstd'])).toThrow(GraphkeepError);
  });
});
