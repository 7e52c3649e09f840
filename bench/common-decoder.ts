/**
 * Measures how fast an answer of the common protocol is decoded and encoded, without sockets and disks. Run: `npx tsx
 * bench/common-decoder.ts`.
 */
import { ResponseDecoder } from '../src/protocol/backup-protocol/response-decoder.ts';
import { ResponseWriter } from '../src/protocol/backup-protocol/response-writer.ts';

const dataBytes = 256 * 1024 * 1024;
const data = Buffer.from(Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 7) >>> 2));
const id = { creationTime: 1, randomId: 1n, storeVersion: 1n, upgradeTime: 1, upgradeTransactionId: 1 };

async function writeAnswer(sink: (frame: Buffer) => undefined): Promise<void> {
  const writer = new ResponseWriter(sink);
  await writer.beginFile({ name: 'neostore.propertystore.db', alignment: 41, empty: false });
  for (let left = dataBytes; left > 0; left -= data.length) await writer.fileBytes(data);
  await writer.endFile();
  await writer.endFiles();
  await writer.storeId(id);
  await writer.finish();
}

async function decodeAnswer(answer: Buffer, readBytes: number, isAsync: boolean): Promise<void> {
  const fileBytes = () => (isAsync ? new Promise<void>((resolve) => setImmediate(resolve)) : undefined);
  const handler = { beginFile() {}, fileBytes, endFile() {}, storeId() {}, transactionBytes() {} };
  const decoder = new ResponseDecoder('full', handler, 'bench');
  for (let at = 0; at < answer.length; at += readBytes) {
    decoder.feed(answer, at, Math.min(at + readBytes, answer.length));
    for (let wait = decoder.advance(); wait !== undefined; wait = decoder.advance()) await wait;
  }
  if (decoder.outcome?.kind !== 'complete') throw new Error('the answer was not complete');
}

async function measure(name: string, run: () => Promise<void>): Promise<void> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const started = performance.now();
    await run();
    best = Math.min(best, performance.now() - started);
  }
  console.log(`${name.padEnd(44)} ${(dataBytes / best / 1000).toFixed(0)} MB/s`);
}

const frames: Buffer[] = [];
await writeAnswer((frame) => {
  frames.push(Buffer.from(frame));
  return undefined;
});
const answer = Buffer.concat(frames.splice(0));

for (const readBytes of [1460, 16 * 1024, 64 * 1024, 256 * 1024]) {
  await measure(`decode, reads of ${readBytes} bytes`, () => decodeAnswer(answer, readBytes, false));
}
await measure('decode, reads of 262144 bytes, slow receiver', () => decodeAnswer(answer, 256 * 1024, true));
await measure('write', () => writeAnswer(() => undefined));
