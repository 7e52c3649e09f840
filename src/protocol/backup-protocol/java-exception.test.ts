import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../../test/support/corpus/common-captures.ts';
import { anyText } from '../../../test/support/random/any-text.ts';
import { campaign } from '../../../test/support/random/campaign-size.ts';
import { isInstance, JavaClass } from './java-exception.ts';
import { readJavaException } from './java-exception-reader.ts';
import { writeJavaException } from './java-exception-writer.ts';
import { decodeJavaText, encodeJavaText } from './java-text.ts';

describe('java exceptions', () => {
  it('writeJavaException writes the bytes that the Java client accepts', () => {
    const runtime = readCapture('exception-runtime.handmade.bin');
    const noSuchTransaction = readCapture('exception-no-such-transaction.handmade.bin');
    expect(writeJavaException('runtime', 'prototype says no').toString('hex')).toBe(runtime.toString('hex'));
    expect(writeJavaException('noSuchTransaction', 'prototype has no tx').toString('hex')).toBe(
      noSuchTransaction.toString('hex'),
    );
  });

  it('readJavaException reads what writeJavaException writes', () => {
    fc.assert(
      fc.property(fc.constantFrom('runtime' as const, 'noSuchTransaction' as const), anyText(100), (kind, text) => {
        const exception = readJavaException(writeJavaException(kind, text));
        expect(exception?.message).toBe(text);
        expect(exception?.cause).toBeUndefined();
        expect(isInstance(exception!, 'java.lang.Throwable')).toBe(true);
        expect(isInstance(exception!, JavaClass.missingLogData)).toBe(kind === 'noSuchTransaction');
      }),
    );
  });

  it('readJavaException reads real exceptions: classes, message, cause', () => {
    const exception = readJavaException(readCapture('err-pruned.s2c.bin').subarray(6))!;
    expect(exception.className).toBe(JavaClass.noSuchTransaction);
    expect(exception.superClasses).toEqual([
      JavaClass.missingLogData,
      'java.io.IOException',
      'java.lang.Exception',
      'java.lang.Throwable',
    ]);
    expect(exception.message).toMatch(/^Unable to find transaction 3 in any of my logical logs/);
    expect(exception.cause).toBeUndefined();
  });

  it('readJavaException falls back to the class name if the rest is missing or damaged', () => {
    const payload = readCapture('err-pruned.s2c.bin').subarray(6);
    for (let size = 8 + 0x40; size < payload.length; size++) {
      expect(readJavaException(payload.subarray(0, size))?.className).toBe(JavaClass.noSuchTransaction);
    }
    for (let size = 0; size < 8 + 0x40; size++) expect(readJavaException(payload.subarray(0, size))).toBeUndefined();
  });

  it('readJavaException follows causes, and stops at a cycle', () => {
    const runtime = writeJavaException('runtime', 'outer');
    // The cause is the first content after the last 0x78 0x70 of the class descriptions.
    const causeAt = runtime.indexOf(Buffer.from('78707074', 'hex')) + 2;
    expect(runtime[causeAt]).toBe(0x70);
    const withCause = (cause: string) =>
      readJavaException(
        Buffer.concat([runtime.subarray(0, causeAt), Buffer.from(cause, 'hex'), runtime.subarray(causeAt + 1)]),
      );
    // Handles: class, its parent, Throwable, 4 type names; the "L" of cause is the first. The object itself follows.
    const inner = `73 71 007e0000 70 74 0005 ${Buffer.from('inner').toString('hex')} 70 70 78`.replaceAll(' ', '');
    expect(withCause(inner)).toMatchObject({ message: 'outer', cause: { message: 'inner', cause: undefined } });
    expect(withCause('71007e0007')).toMatchObject({ message: 'outer', cause: undefined });
    expect(withCause('71007effff')).toMatchObject({ className: 'java.lang.RuntimeException', message: undefined });
  });

  it('readJavaException is bounded: deep nesting, self references and huge counts end soon', () => {
    const start = Buffer.from('aced0005', 'hex');
    const deep = Buffer.concat([start, Buffer.alloc(500_000, 0x73)]);
    const enumeration = Buffer.concat([start, Buffer.alloc(500_000, 0x7e)]);
    // A class that is its own superclass.
    const circular = Buffer.concat([
      start,
      Buffer.from('7372000141000000000000000002000078 71007e0000'.replaceAll(' ', ''), 'hex'),
    ]);
    // An object array that claims 4 billion elements.
    const array = Buffer.concat([
      start,
      Buffer.from('75720002 5b4c 0000000000000000 02 0000 78 70 ffffffff'.replaceAll(' ', ''), 'hex'),
      Buffer.alloc(400_000, 0x70),
    ]);
    const started = performance.now();
    expect(readJavaException(deep)).toBeUndefined();
    expect(readJavaException(enumeration)).toBeUndefined();
    expect(readJavaException(circular)?.className).toBe('A');
    readJavaException(array);
    // A reader that trusts the sizes, or follows the circle, needs minutes or never ends.
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('readJavaException survives damage', () => {
    const payloads = ['err-pruned', 'err-app-version', 'err-unknown-type'].map((name) =>
      readCapture(`${name}.s2c.bin`).subarray(6),
    );
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(
        fc.constantFrom(...payloads),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        (payload, changes) => {
          const damaged = Buffer.from(payload);
          for (const [at, value] of changes) damaged[at % damaged.length] = value;
          const exception = readJavaException(damaged);
          expect(exception === undefined || typeof exception.className === 'string').toBe(true);
        },
      ),
      { numRuns: campaign.rounds(2000) },
    );
  });
});

describe('java text', () => {
  it('Java text has its own forms of NUL and of characters beyond 16 bits', () => {
    expect(encodeJavaText('\0').toString('hex')).toBe('c080');
    expect(encodeJavaText('é€').toString('hex')).toBe('c3a9e282ac');
    expect(encodeJavaText('😀').toString('hex')).toBe('eda0bdedb880');
    expect(decodeJavaText(Buffer.from('eda0bdedb880', 'hex'))).toBe('😀');
  });

  it('decoding Java text survives malformed bytes and cuts long texts', () => {
    expect(decodeJavaText(Buffer.from('41ff42e28243c3', 'hex'))).toBe('A\ufffdB\ufffd\ufffdC\ufffd');
    expect(encodeJavaText('é'.repeat(40_000)).length).toBe(65534);
    expect(decodeJavaText(encodeJavaText('x'.repeat(10_000)))).toBe('x'.repeat(10_000));
  });
});
