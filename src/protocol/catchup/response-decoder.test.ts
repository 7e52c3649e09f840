import { describe, expect, it } from 'vitest';
import {
  CatchupRecorder,
  decodeAnswer,
  feedPieces,
  readSession,
} from '../../../test/support/corpus/catchup-captures.ts';
import { cutBytes } from '../../../test/support/corpus/common-captures.ts';
import type { ErrorCode } from '../../base/error-codes.ts';
import { GraphkeepError } from '../../base/errors.ts';
import { Delivery } from '../delivery.ts';
import type { RequestWithAnswer } from './catchup-response.ts';
import { encodeFrame } from './frame-reader.ts';
import { ResponseDecoder } from './response-decoder.ts';

const id = '01 000001a2026d3735 4089e26c81f781c3 000001a2026d3735 0000000000000001';
const commit = 'f605 000000000000000d 0000000000000000';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** Frames around payloads given in hexadecimal. */
function frames(...payloads: string[]): Buffer {
  return Buffer.concat(payloads.map((payload) => encodeFrame(hex(payload))));
}

function name(text: string): string {
  return encodeFrame(Buffer.from(text)).toString('hex');
}

async function expectRefusal(
  request: RequestWithAnswer,
  bytes: Buffer,
  observed: string | RegExp,
  offset: number,
  code: ErrorCode = 'peer.protocol',
): Promise<void> {
  for (const pieces of [[bytes], cutBytes(bytes, [1])]) {
    const error: unknown = await decodeAnswer(request, pieces).then(
      ({ outcome }) => new Error(`accepted: ${JSON.stringify(outcome)}`),
      (caught: unknown) => caught,
    );
    if (!(error instanceof GraphkeepError)) throw error;
    expect({ code: error.code, place: error.place }).toEqual({ code, place: { peer: 'test:6362', offset } });
    expect(String(error.observed)).toMatch(observed);
    expect(error.hint.length).toBeGreaterThan(20);
  }
}

describe('responses that are refused', () => {
  it('frames of impossible length are refused', async () => {
    await expectRefusal('storeId', hex('ffffffff'), '4294967295 bytes', 0);
    await expectRefusal('storeId', hex('00000000'), '0 bytes instead of 1', 0);
    await expectRefusal('storeId', hex('00000002 02'), '2 bytes instead of 1', 0);
    await expectRefusal('storeId', hex('00000001 02 00000022'), '34 bytes instead of 1 to 33', 5);
    await expectRefusal('storeFile', hex('00000001 03 00001009'), '4105 bytes instead of 9 to 4104', 5);
    await expectRefusal('prepareStoreCopy', hex('00000001 07 00200001'), /^2097153 bytes/, 5);
    await expectRefusal('transactions', hex('00000001 01 00000032'), /^50 bytes instead of 51/, 5);
    await expectRefusal('transactions', hex('00000001 06 0000000d'), '13 bytes instead of 12', 5);
    const file = frames('03', `${name('a')} 00000001`);
    await expectRefusal('storeFile', Buffer.concat([file, hex('00002005')]), /^8197 bytes instead of 4 to 8196/, 18);
  });

  it('messages that answer something else are refused', async () => {
    await expectRefusal('storeId', frames('03'), 'type 3 to storeId', 4);
    await expectRefusal('prepareStoreCopy', frames('04'), 'type 4 to prepareStoreCopy', 4);
    await expectRefusal('storeFile', frames('07'), 'type 7 to storeFile', 4);
    await expectRefusal('indexSnapshot', frames('08'), 'type 8 to indexSnapshot', 4);
    await expectRefusal('transactions', frames('02'), 'type 2 to transactions', 4);
    for (const type of ['00', '05', '09', 'ff']) await expectRefusal('transactions', frames(type), /^type/, 4);
  });

  it('malformed files are refused', async () => {
    const header = (text: string, alignment = '00000001') => frames('03', `${name(text)} ${alignment}`);
    await expectRefusal('storeFile', header('a', '00000000'), '0', 9, 'peer.hostile');
    await expectRefusal('storeFile', header('a', 'ffffffff'), '-1', 9, 'peer.hostile');
    await expectRefusal('storeFile', header('a', '01000001'), '16777217', 9, 'peer.hostile');
    await expectRefusal('storeFile', frames('03', 'ffffffff 00 00000001'), '-1 bytes', 9);
    await expectRefusal('storeFile', frames('03', '00000002 61 00000001'), /bytes/, 15);
    await expectRefusal('storeFile', frames('03', '00000001 ff 00000001'), 'ff', 13);
    await expectRefusal('storeFile', frames('03', `${name('a')} 00000001 00`), '1 bytes', 18);
    const chunk = (payload: string) => Buffer.concat([header('a'), frames(payload)]);
    await expectRefusal('storeFile', chunk('00000002 61'), 'flag 2 with 1 bytes', 22);
    await expectRefusal('storeFile', chunk('ffffffff 61'), 'flag -1 with 1 bytes', 22);
    await expectRefusal('storeFile', chunk('fffffffe 61'), 'flag -2 with 1 bytes', 22);
  });

  it('malformed transactions are refused', async () => {
    const start = `${id} f6010000`;
    await expectRefusal('transactions', frames('01', `00 ${'00'.repeat(60)}`), /^00/, 9);
    await expectRefusal('transactions', frames('01', `02 ${'00'.repeat(60)}`), 'flag 2', 9);
    await expectRefusal('transactions', frames('01', `${start} f603 000000000000000d 0000000000000000`), /^f603/, 46);
    await expectRefusal('transactions', frames('01', `${start} f605 0000000000000000 0000000000000000`), /^f605/, 46);
    await expectRefusal('transactions', frames('01', `${start} f605 ffffffffffffffff 0000000000000000`), /^f605/, 46);
    await expectRefusal('transactions', frames('01', `${start} f605 7fffffffffffffff 0000000000000000`), /^f605/, 46);
  });

  it('meaningless ends are refused', async () => {
    await expectRefusal('storeId', frames('02', '02'), 'flag 2', 9);
    await expectRefusal('storeId', frames('02', '0100'), '1 bytes where 32', 10);
    await expectRefusal('storeId', frames('02', `00 ${'00'.repeat(32)}`), '32 bytes', 10);
    await expectRefusal('storeId', frames('02', `01 7fffffffffffffff ${'00'.repeat(24)}`), /^017fff/, 9);
    await expectRefusal('storeFile', frames('04', '00000004'), '4', 9);
    await expectRefusal('storeFile', frames('04', 'ffffffff'), '-1', 9);
    await expectRefusal('transactions', frames('06', '00000006 0000000000000001'), '6', 9);
    await expectRefusal('transactions', frames('06', '00000001 7fffffffffffffff'), '9223372036854775807', 13);
    const prepared = (body: string) => frames('07', body);
    await expectRefusal('prepareStoreCopy', prepared('00000003 0000000000000001 00000000 00000000'), '3', 9);
    await expectRefusal('prepareStoreCopy', prepared('00000000 0000000000000001 7fffffff 00000000'), /^2147483647/, 21);
    await expectRefusal('prepareStoreCopy', prepared('00000000 0000000000000001 ffffffff 00000000'), /^-1/, 21);
    await expectRefusal('prepareStoreCopy', prepared('00000000 0000000000000001 00000000 00000001'), /^1 elements/, 25);
    await expectRefusal('prepareStoreCopy', prepared('00000000 0000000000000001 00000000 00000000 00'), '1 bytes', 29);
  });

  it('unrequested bytes are refused', async () => {
    await expectRefusal('storeId', Buffer.concat([frames('02', '00'), hex('00')]), '1 bytes: 00', 10);
    const decoder = new ResponseDecoder(new CatchupRecorder(), 'test:6362', { offset: 64 });
    expect(() => decoder.feed(hex('000000'))).toThrow('not asked for');
    const idle = new ResponseDecoder(new CatchupRecorder(), 'test:6362');
    idle.begin('storeId');
    expect(await feedPieces(idle, [frames('02', '00')])).toEqual({ kind: 'storeId', storeId: undefined });
    expect(idle.position).toBe('between two requests');
    expect(() => idle.feed(hex('00'))).toThrow('not asked for');
  });
});

describe('a failure to list the store', () => {
  const body = '00000002 0000000000000000 00000000 00000000';
  const outcome = { kind: 'prepared', status: 'E_LISTING_STORE', transactionId: 0, files: [], indexIds: [] };

  it('a failure to list the store is understood with its type and without, as servers send it', async () => {
    for (const bytes of [frames('07', body), frames(body)]) {
      for (const pieces of [[bytes], cutBytes(bytes, [1])]) {
        expect((await decodeAnswer('prepareStoreCopy', pieces)).outcome).toEqual(outcome);
      }
    }
  });

  it('a failure to list the store is understood after files', async () => {
    const { recorder, outcome: found } = await decodeAnswer('prepareStoreCopy', [
      frames('03', `${name('a')} 00000001`, '00000001 61', body),
    ]);
    expect(found).toEqual(outcome);
    expect(recorder.files.map(({ bytes }) => bytes.toString())).toEqual(['a']);
  });

  it('nothing else is read as a failure to list the store', async () => {
    await expectRefusal('prepareStoreCopy', frames(body.replace('02', '00')), /^00000000/, 4);
    await expectRefusal('storeFile', frames(body), '20 bytes instead of 1', 0);
    await expectRefusal('prepareStoreCopy', frames('03', `${name('a')} 00000001`, body), /^flag 2 with 16/, 22);
  });
});

describe('what the decoder hands on', () => {
  it('the decoder delivers empty files, and files that end with a full or an empty chunk', async () => {
    const full = '61'.repeat(8192);
    const bytes = Buffer.concat([
      frames('03', `${name('empty')} 00000001`, '00000000'),
      frames('03', `${name('full')} 0000000f`, `00002000${full}`),
      frames('03', `${name('behind')} 00000001`, `ffffffff${full}`, '00000000'),
      frames('04', '00000000'),
    ]);
    const { recorder, outcome } = await decodeAnswer('storeFile', [bytes]);
    expect(outcome).toEqual({ kind: 'copyFinished', status: 'SUCCESS' });
    expect(recorder.files.map((file) => [file.name, file.alignment, file.bytes.length])).toEqual([
      ['empty', 1, 0],
      ['full', 15, 8192],
      ['behind', 1, 8192],
    ]);
  });

  it('the decoder delivers transactions with their id and their store', async () => {
    const other = id.replace(/1$/, '2');
    const bytes = frames('01', `${id} ${commit}`, '01', `${other} f601 ${commit}`, '06', '00000001 000000000000000d');
    const { recorder, outcome } = await decodeAnswer('transactions', cutBytes(bytes, [17]));
    expect(outcome).toEqual({ kind: 'streamFinished', status: 'SUCCESS_END_OF_STREAM', transactionId: 13 });
    const found = recorder.transactions.map((transaction) => [
      transaction.id,
      transaction.storeId.upgradeTransactionId,
      transaction.bytes.toString('hex'),
      transaction.offset,
    ]);
    const entry = commit.replaceAll(' ', '');
    expect(found).toEqual([
      [13, 1, entry, 0],
      [13, 2, `f601${entry}`, 60],
    ]);
  });

  it('the decoder delivers no more at once than the buffer holds, and never a whole large transaction', async () => {
    const size = 3_000_000;
    const body = Buffer.concat([hex(id), Buffer.alloc(size - 18, 7), hex(commit)]);
    const bytes = Buffer.concat([frames('01'), encodeFrame(body), frames('06', '00000001 000000000000000d')]);
    const { recorder } = await decodeAnswer('transactions', cutBytes(bytes, [65_536]));
    expect(recorder.transactions[0]!.bytes.length).toBe(size);
    expect(recorder.longest).toBeLessThanOrEqual(65_536);
    const file = readSession('full-349').answers[1]!;
    const small = await decodeAnswer('prepareStoreCopy', [file], { capacity: 4096 });
    expect(small.recorder.longest).toBe(4096);
  });
});

describe('a handler that fails', () => {
  const methods = [
    'beginFile',
    'fileBytes',
    'endFile',
    'beginTransaction',
    'transactionBytes',
    'endTransaction',
  ] as const;
  const failed = new Error('the disk is full');

  for (const method of methods) {
    for (const when of ['at once', 'later']) {
      it(`a failing handler ends the response: ${method}, ${when}`, async () => {
        const isFile = method.endsWith('File') || method === 'fileBytes';
        const answer = isFile ? readSession('full-349').answers[1]! : readSession('incr-349').answers[1]!;
        const recorder = new CatchupRecorder(true);
        const told: unknown[] = [];
        const delivery = new Delivery(8192);
        delivery.onFailure = (error) => told.push(error);
        recorder[method] = () => {
          if (when === 'at once') throw failed;
          return new Promise((_, reject) => setImmediate(() => reject(failed)));
        };
        const decoder = new ResponseDecoder(recorder, 'test:6362', { delivery });
        decoder.begin(isFile ? 'prepareStoreCopy' : 'transactions');
        await expect(feedPieces(decoder, cutBytes(answer, [3000]))).rejects.toBe(failed);
        expect(told).toEqual(when === 'later' ? [failed] : []);
        expect(decoder.outcome).toBeUndefined();
      });
    }
  }

  it('a handler is not called any more after a stop', async () => {
    const recorder = new CatchupRecorder(true);
    const decoder = new ResponseDecoder(recorder, 'test:6362');
    decoder.begin('prepareStoreCopy');
    decoder.feed(readSession('full-349').answers[1]!);
    await decoder.advance();
    decoder.stop();
    const { calls } = recorder;
    expect(decoder.advance()).toBeUndefined();
    await decoder.settle();
    expect(recorder.calls).toBe(calls);
    expect(calls).toBeGreaterThan(0);
  });
});

describe('the order of use', () => {
  it('responses are decoded one after the other', () => {
    const decoder = new ResponseDecoder(new CatchupRecorder(), 'test:6362');
    decoder.begin('storeId');
    expect(() => decoder.begin('storeId')).toThrow(RangeError);
    expect(decoder.position).toBe('between two messages');
  });
});
