import { describe, expect, it } from 'vitest';
import {
  decodeAnswer,
  decodePieces,
  RecordingHandler,
  readCapture,
  recutFrames,
} from '../../../test/support/corpus/common-captures.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { ResponseDecoder } from './response-decoder.ts';

const id = '000001a2027bb381 1efb47aa4f9f42ab 00392e412e307606 000001a2027bb381 0000000000000001';

/** One frame around a body given in hexadecimal. */
function frame(body: string, header = '0802'): Buffer {
  const bytes = Buffer.from(header + body.replaceAll(' ', ''), 'hex');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length, 0);
  return Buffer.concat([length, bytes]);
}

async function expectRefusal(
  request: 'full' | 'incremental',
  bytes: Buffer,
  code: ErrorCode,
  observed: string | RegExp,
  offset: number,
): Promise<GraphkeepError> {
  const error: unknown = await decodeAnswer(request, [bytes]).then(
    () => new Error('accepted'),
    (caught: unknown) => caught,
  );
  if (!(error instanceof GraphkeepError)) throw error;
  expect(error.code).toBe(code);
  expect(String(error.observed)).toMatch(observed);
  expect(error.place).toEqual({ peer: 'test:6362', offset });
  expect(error.hint.length).toBeGreaterThan(20);
  return error;
}

describe('answers that are refused', () => {
  it('frames of impossible length are refused', async () => {
    await expectRefusal('full', Buffer.from('00000001 08'.replace(' ', ''), 'hex'), 'peer.protocol', /^1 bytes/, 0);
    await expectRefusal('full', Buffer.from('000000000802', 'hex'), 'peer.protocol', /^0 bytes/, 0);
    await expectRefusal('full', Buffer.from('004000010802', 'hex'), 'peer.protocol', /^4194305 bytes/, 0);
    await expectRefusal('full', Buffer.from('ffffffff', 'hex'), 'peer.protocol', /^4294967295 bytes/, 0);
    const second = Buffer.concat([frame('0001', '0902'), Buffer.from('00400001', 'hex')]);
    await expectRefusal('full', second, 'peer.protocol', /^4194305 bytes/, 8);
  });

  it('other versions are refused in any chunk', async () => {
    await expectRefusal('full', frame('', '0803'), 'peer.protocol', 'version 2.3 instead of 2.2', 4);
    await expectRefusal('full', frame('', '0402'), 'peer.protocol', 'version 1.2 instead of 2.2', 4);
    const second = Buffer.concat([frame('0001', '0902'), frame('', '0801')]);
    await expectRefusal('full', second, 'peer.protocol', 'version 2.1 instead of 2.2', 12);
  });

  it('bit 7 of the header is ignored', async () => {
    expect((await decodeAnswer('incremental', [frame(`${id} 01`, '8802')])).outcome).toEqual({ kind: 'complete' });
  });

  it('other protocols are refused by name', async () => {
    const cases: [string, string][] = [
      ['HTTP/1.1 400 Bad Request\r\n', 'HTTP'],
      ['SSH-2.0-OpenSSH_9.2\r\n', 'SSH'],
      [Buffer.from('15030100020228', 'hex').toString('latin1'), 'TLS'],
      [Buffer.from('00000015344f454e0000000d', 'hex').toString('latin1'), 'catchup'],
    ];
    for (const [text, name] of cases) {
      const error = await expectRefusal(
        'full',
        Buffer.from(text, 'latin1'),
        'peer.protocol',
        'first bytes',
        text[0] === '\0' ? 4 : 0,
      );
      expect(error.message).toContain(name);
    }
  });

  it('bad names and flags of files are refused', async () => {
    await expectRefusal('full', frame('0401'), 'peer.hostile', '1025 characters', 6);
    await expectRefusal('full', frame('0001 0061 02'), 'peer.hostile', 'flag 2', 8);
  });

  it('bad alignments are refused', async () => {
    for (const [alignment, text] of [
      ['00000000', '0'],
      ['ffffffff', '-1'],
      ['01000001', '16777217'],
    ]) {
      await expectRefusal('full', frame(`0001 0061 01 ${alignment}`), 'peer.hostile', text!, 11);
    }
  });

  it('impossible store ids and kinds are refused', async () => {
    await expectRefusal('incremental', frame('7fffffffffffffff'.repeat(5)), 'peer.protocol', /^7fff/, 6);
    await expectRefusal('incremental', frame(`${id} 02`), 'peer.protocol', 'kind 2', 46);
    await expectRefusal('full', frame(`0000 ${id} ff 0000000000000001`), 'peer.protocol', 'kind 255', 48);
  });

  it('obligations are refused, except the one that requires nothing', async () => {
    expect((await decodeAnswer('incremental', [frame(`${id} ff 0000000000000001`)])).outcome?.kind).toBe('complete');
    await expectRefusal('incremental', frame(`${id} ff 0000000000000002`), 'peer.protocol', '2', 47);
    await expectRefusal('incremental', frame(`${id} ff 0000000000000001 00`), 'peer.protocol', '1 bytes', 55);
  });

  it('last chunks that come too early are refused at every length', async () => {
    const body = readCapture('full-live.s2c.bin').subarray(6);
    const tail = 864;
    for (let size = 0; size < body.length - tail; size += size < 400 || size > body.length - 1000 ? 1 : 1999) {
      const bytes = Buffer.concat([frame(''), body.subarray(0, size)]);
      bytes.writeUInt32BE(size + 2, 0);
      await expect(decodeAnswer('full', [bytes])).rejects.toMatchObject({ code: 'peer.protocol' });
    }
  });

  it('endless empty chunks are refused', async () => {
    const empty = frame('', '0902');
    await expectRefusal('full', Buffer.concat(Array(2000).fill(empty)), 'peer.hostile', '1001 in a row', 6000);
    const some = Buffer.concat([
      ...Array<Buffer>(900).fill(empty),
      frame(id, '0902'),
      ...Array<Buffer>(900).fill(empty),
      frame('01'),
    ]);
    expect((await decodeAnswer('incremental', [some])).outcome).toEqual({ kind: 'complete' });
  });
});

describe('decoder', () => {
  it('ResponseDecoder says how far it has come', async () => {
    const decoder = new ResponseDecoder('full', new RecordingHandler(), 'p');
    const answer = readCapture('full-quiet.s2c.bin');
    const positions = new Map<number, string>([
      [3, 'at its start'],
      [9, 'in a file name'],
      [0x43, 'before the data of a file'],
      [0x1000, 'in the data of a file'],
      [0x2b110, 'in the store id'],
      [0x2b12d, 'before the transactions'],
    ]);
    let at = 0;
    for (const [offset, text] of positions) {
      await decodePieces(decoder, [answer.subarray(at, offset)]);
      expect([decoder.offset, decoder.position]).toEqual([offset, text]);
      at = offset;
    }
  });

  it('ResponseDecoder passes on what the receiver throws, early or late', async () => {
    const answer = readCapture('full-live.s2c.bin');
    const failure = new Error('disk full');
    for (const method of ['beginFile', 'fileBytes', 'endFile', 'storeId', 'transactionBytes'] as const) {
      for (const late of [false, true]) {
        const handler = new RecordingHandler();
        handler[method] = () => {
          if (late) return Promise.reject(failure);
          throw failure;
        };
        await expect(decodePieces(new ResponseDecoder('full', handler, 'p'), [answer])).rejects.toBe(failure);
      }
    }
  });

  it('ResponseDecoder refuses a store before the first transaction is delivered', async () => {
    const handler = new RecordingHandler();
    let transactions = 0;
    handler.transactionBytes = () => {
      transactions++;
      return undefined;
    };
    handler.storeId = () => Promise.reject(new Error('another store'));
    const answer = recutFrames(readCapture('inc-one-tx.s2c.bin'), [41]);
    await expect(decodePieces(new ResponseDecoder('incremental', handler, 'p'), [answer])).rejects.toThrow(
      'another store',
    );
    expect(transactions).toBe(0);
  });
});
