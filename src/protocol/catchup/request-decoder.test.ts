import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { typeOf } from '../../../test/support/corpus/catchup-captures.ts';
import { cutBytes } from '../../../test/support/corpus/common-captures.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { type CatchupRequest, encodeRequest } from './catchup-request.ts';
import { encodeFrame } from './frame-reader.ts';
import { RequestDecoder } from './request-decoder.ts';

function decodeAll(bytes: Buffer, pieceSizes: number[] = [1 << 20]): CatchupRequest[] {
  const decoder = new RequestDecoder('client');
  const requests: CatchupRequest[] = [];
  for (const piece of cutBytes(bytes, pieceSizes)) {
    decoder.feed(piece);
    for (let request = decoder.next(); request !== undefined; request = decoder.next()) requests.push(request);
  }
  return requests;
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

function expectRefusal(bytes: Buffer, observed: RegExp, offset: number, code: ErrorCode = 'peer.protocol'): void {
  try {
    decodeAll(bytes);
  } catch (error) {
    if (!(error instanceof GraphkeepError)) throw error;
    expect({ code: error.code, place: error.place }).toEqual({ code, place: { peer: 'client', offset } });
    expect(String(error.observed)).toMatch(observed);
    return;
  }
  throw new Error('accepted');
}

const wholeNumber = fc.maxSafeInteger();
const storeId = fc.option(
  fc.record({
    creationTime: wholeNumber,
    randomId: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    upgradeTime: wholeNumber,
    upgradeTransactionId: wholeNumber,
  }),
  { nil: undefined },
);
const anyRequest: fc.Arbitrary<CatchupRequest> = fc.oneof(
  fc.constant<CatchupRequest>({ kind: 'storeId' }),
  fc.constant<CatchupRequest>({ kind: 'coreSnapshot' }),
  fc.record({ kind: fc.constant('prepareStoreCopy'), storeId }),
  fc.record({
    kind: fc.constant('storeFile'),
    storeId,
    requiredTransactionId: wholeNumber,
    name: fc.string({ unit: 'grapheme' }),
  }),
  fc.record({ kind: fc.constant('indexSnapshot'), storeId, requiredTransactionId: wholeNumber, indexId: wholeNumber }),
  fc.record({ kind: fc.constant('transactions'), storeId, after: wholeNumber }),
);

describe('requests', () => {
  it('requests are read as they were written, however they are cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(anyRequest, { maxLength: 6 }), sizes, (requests, pieces) => {
        expect(decodeAll(Buffer.concat(requests.map(encodeRequest)), pieces)).toEqual(requests);
      }),
      { numRuns: campaign.rounds(500) },
    );
  });

  it('requests of a Java client may count UTF-16 units', () => {
    const name = 'größe-\u{1f600}.db';
    const request = { kind: 'storeFile', storeId: undefined, requiredTransactionId: 3, name } as const;
    const bytes = encodeRequest(request);
    bytes.writeInt32BE(name.length, bytes.length - Buffer.byteLength(name) - 4);
    expect(decodeAll(bytes)).toEqual([request]);
  });

  it('requests may hold numbers of any size; impossible ones equal none of ours', () => {
    const [request] = decodeAll(hex('00000001 01 00000009 7fffffffffffffff 00'));
    expect(request).toEqual({ kind: 'transactions', storeId: undefined, after: 2 ** 63 });
    const [negative] = decodeAll(hex('00000001 01 00000009 8000000000000000 00'));
    expect(negative).toEqual({ kind: 'transactions', storeId: undefined, after: -(2 ** 63) });
  });
});

describe('what real servers bear is borne', () => {
  const request = encodeRequest({ kind: 'storeId' });

  it('unknown types are dropped, and what follows is a type again', () => {
    for (const type of [0, 2, 8, 99, 255]) {
      const unknown = encodeFrame(Buffer.from([type]));
      expect(decodeAll(Buffer.concat([unknown, request]))).toEqual([{ kind: 'storeId' }]);
      const withBody = Buffer.concat([unknown, encodeFrame(Buffer.from([0])), request]);
      expect(decodeAll(withBody)).toEqual([{ kind: 'storeId' }]);
    }
  });

  it('type and body in one frame lose the rest of the frame, and the body is missing', () => {
    const joined = encodeFrame(Buffer.from([typeOf('storeId'), 0]));
    expect(decodeAll(joined)).toEqual([]);
    expect(decodeAll(Buffer.concat([joined, encodeFrame(Buffer.alloc(0))]))).toEqual([{ kind: 'storeId' }]);
  });

  it('a request for the store id may have any body', () => {
    for (const body of [Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(8192, 1)]) {
      const bytes = Buffer.concat([encodeFrame(Buffer.from([typeOf('storeId')])), encodeFrame(body)]);
      expect(decodeAll(bytes, [1000])).toEqual([{ kind: 'storeId' }]);
    }
  });
});

describe('requests that are refused', () => {
  it('refused requests are reported with their place', () => {
    expectRefusal(hex('ffffffff'), /4294967295/, 0);
    expectRefusal(hex('00002001'), /8193 bytes/, 0, 'peer.hostile');
    expectRefusal(hex('00000000'), /0 bytes/, 0);
    expectRefusal(hex('00000001 05 00000001 02'), /flag 2/, 9);
    expectRefusal(hex('00000001 05 00000000'), /0 bytes where 1/, 9);
    expectRefusal(hex('00000001 05 00000002 00 00'), /1 bytes/, 10);
    expectRefusal(hex('00000001 01 00000008 0000000000000001'), /0 bytes where 1/, 17);
    expectRefusal(hex('00000001 06 0000000d 00 0000000000000001 7fffffff'), /2147483647/, 18);
    expectRefusal(hex('00000001 06 0000000f 00 0000000000000001 00000002 ffff'), /ffff|bytes/, 22);
  });

  it('endless unknown types are refused', () => {
    const endless = Buffer.concat(Array<Buffer>(1001).fill(encodeFrame(Buffer.from([99]))));
    expectRefusal(endless, /type 99/, 1000 * 5 + 4, 'peer.hostile');
  });
});

describe('the boundary of a message', () => {
  it('the boundary of a message is where a client may leave', () => {
    const bytes = encodeRequest({ kind: 'storeId' });
    const decoder = new RequestDecoder('client');
    const boundaries: boolean[] = [decoder.atMessageBoundary];
    for (const byte of bytes) {
      decoder.feed(Buffer.from([byte]));
      decoder.next();
      boundaries.push(decoder.atMessageBoundary);
    }
    expect(boundaries).toEqual([true, ...Array(bytes.length - 1).fill(false), true]);
  });
});
