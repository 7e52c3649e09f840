import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mayBeginRecord, RecordSplitter } from './record-splitter.ts';

const record = fc
  .tuple(fc.integer({ min: 20, max: 23 }), fc.uint8Array({ maxLength: 40 }))
  .map(([type, body]) => Buffer.from([type, 3, 3, body.length >> 8, body.length & 255, ...body]));

test('records come out whole and in order, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(record),
      fc.uint8Array({ maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
      (records, tail, sizes) => {
        const bytes = Buffer.concat([...records, tail]);
        const splitter = new RecordSplitter();
        const found: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + sizes[turn % sizes.length]!;
          splitter.feed(bytes.subarray(at, end));
          for (let next = splitter.next(); next !== undefined; next = splitter.next()) found.push(next);
          at = end;
        }
        expect(found).toEqual(records);
        expect(splitter.takeRest()).toEqual(Buffer.from(tail));
        expect(splitter.takeRest().length).toBe(0);
      },
    ),
  );
});

test('only a whole unencrypted ClientHello is recognized as one', () => {
  const hello = Buffer.from([22, 3, 1, 0, 6, 1, 0, 0, 2, 0xaa, 0xbb]);
  const isHello = (bytes: Buffer) => {
    const splitter = new RecordSplitter();
    splitter.feed(bytes);
    return splitter.isClientHelloNext;
  };
  expect(isHello(hello)).toBe(true);
  expect(isHello(Buffer.concat([hello, Buffer.from([23, 3])]))).toBe(true);
  expect(isHello(hello.subarray(0, -1))).toBe(false);
  for (const [at, value] of [
    [0, 23],
    [5, 2],
    [8, 3],
  ] as const) {
    const other = Buffer.from(hello);
    other[at] = value;
    expect(isHello(other)).toBe(false);
  }
  expect(isHello(Buffer.from([22, 3, 3, 0, 1, 1]))).toBe(false);
});

test('bytes without TLS are recognized by the first one or two', () => {
  expect(mayBeginRecord(Buffer.from([]))).toBe(true);
  expect(mayBeginRecord(Buffer.from([22]))).toBe(true);
  expect(mayBeginRecord(Buffer.from([21, 3]))).toBe(true);
  expect(mayBeginRecord(Buffer.from([0]))).toBe(false);
  expect(mayBeginRecord(Buffer.from([22, 1]))).toBe(false);
});
