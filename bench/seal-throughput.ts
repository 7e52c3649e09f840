/**
 * Measures how fast objects of a repository are sealed, and in how much memory, beside `zstd -1 | age` on the same bytes. The consumer only
 * waits, as one would for a store. Run it alone: `npx tsx bench/seal-throughput.ts <file> [--wait=<ms per object>] [--workers=<n>]`.
 * `random:<MiB>` in place of a file is data that cannot be compressed.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { ObjectInProgress } from '../src/repository/seal/pool/object-in-progress.ts';
import { SealPool } from '../src/repository/seal/pool/seal-pool.ts';
import { startProcess } from '../test/interop/harness/child-process.ts';

const MIB = 1024 * 1024;

async function* randomPieces(mebibytes: number): AsyncGenerator<Buffer> {
  // Longer than a frame, so that none sees it twice.
  const block = randomBytes(3 * MIB + 17);
  for (let left = mebibytes * MIB, at = 0; left > 0; at = (at + MIB + 13) % (2 * MIB)) {
    const piece = block.subarray(at, at + Math.min(left, MIB));
    left -= piece.length;
    yield piece;
  }
}

interface Measured {
  plainBytes: number;
  storedBytes: number;
  wallMs: number;
  cpuMs: number;
}

async function measureOurs(source: string, recipient: string, waitMs: number, workers: number): Promise<Measured> {
  const before = { cpu: process.cpuUsage(), at: performance.now() };
  const pool = await SealPool.start({ recipients: [recipient], level: 1, workers });
  const stored: Promise<number>[] = [];
  let plainBytes = 0;
  const finish = (object: ObjectInProgress) => {
    stored.push(
      object.seal().then(async ({ bytes, release }) => {
        const { length } = bytes;
        if (waitMs > 0) await wait(waitMs);
        release();
        return length;
      }),
    );
  };
  let object: ObjectInProgress | undefined;
  for await (const piece of piecesOf(source)) {
    plainBytes += piece.length;
    for (let at = 0; at < piece.length; ) {
      object ??= await pool.open({ hasTable: true });
      const count = Math.min(object.roomBytes, piece.length - at);
      await object.write(piece.subarray(at, at + count));
      at += count;
      if (object.roomBytes > 0) continue;
      finish(object);
      object = undefined;
    }
  }
  if (object !== undefined) finish(object);
  const storedBytes = (await Promise.all(stored)).reduce((sum, bytes) => sum + bytes, 0);
  await pool.close();
  const cpu = process.cpuUsage(before.cpu);
  return { plainBytes, storedBytes, wallMs: performance.now() - before.at, cpuMs: (cpu.user + cpu.system) / 1000 };
}

/** `zstd -1 | age`, whose processor time the shell tells. */
async function measureTools(source: string, recipient: string): Promise<Measured> {
  const startedAt = performance.now();
  const command = `{ zstd -q -1 -c | age -r ${recipient} | wc -c; }; times`;
  const child = startProcess('bash', ['-c', command]);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let plainBytes = 0;
  const counted = async function* () {
    for await (const piece of piecesOf(source)) {
      plainBytes += piece.length;
      yield piece;
    }
  };
  await pipeline(Readable.from(counted(), { objectMode: false }), child.stdin!);
  await ended;
  const [count, , children] = output.trim().split('\n');
  const seconds = [...children!.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, rest]) => 60 * Number(minutes) + Number(rest),
  );
  const cpuMs = 1000 * seconds.reduce((sum, each) => sum + each, 0);
  return { plainBytes, storedBytes: Number(count), wallMs: performance.now() - startedAt, cpuMs };
}

function piecesOf(source: string): AsyncIterable<Buffer> {
  const mebibytes = /^random:(\d+)$/.exec(source)?.[1];
  return mebibytes === undefined ? createReadStream(source, { highWaterMark: MIB }) : randomPieces(Number(mebibytes));
}

function render(name: string, { plainBytes, storedBytes, wallMs, cpuMs }: Measured): string {
  const perSecond = (ms: number) => (plainBytes / 1e3 / ms).toFixed(0);
  const ratio = (plainBytes / storedBytes).toFixed(2);
  return `${name}: ratio ${ratio}, ${perSecond(wallMs)} MB/s, ${perSecond(cpuMs)} MB per CPU second`;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    wait: { type: 'string', default: '0' },
    workers: { type: 'string', default: '2' },
    'no-tools': { type: 'boolean', default: false },
  },
});
const source = positionals[0] ?? 'random:256';
const recipient = await identityToRecipient(await generateX25519Identity());
const ours = await measureOurs(source, recipient, Number(values.wait), Number(values.workers));
console.log(render(`graphkeep, Node ${process.version}`, ours));
console.log(`peak resident memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`);
if (!values['no-tools']) {
  const tools = await measureTools(source, recipient);
  console.log(render('zstd -1 | age', tools));
  console.log(`per CPU second ${((ours.plainBytes / ours.cpuMs / tools.plainBytes) * tools.cpuMs).toFixed(2)} of it`);
}
