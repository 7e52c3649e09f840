import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFrameCodec } from '../../src/base/zstd/frame-codec.ts';
import { loadIdentities } from '../../src/repository/seal/keys/identities.ts';
import { SealPool } from '../../src/repository/seal/pool/seal-pool.ts';
import { unsealObject } from '../../src/repository/seal/unseal/whole-object.ts';

/* Objects of a repository are read with age, zstd, tar and dd alone, as its README.txt tells (spec repository-objects 3). */

const missing = ['age', 'age-keygen', 'zstd'].filter((name) => spawnSync(name, ['--version']).error !== undefined);
const skip = missing.length > 0 && !process.env.CI;

describe.skipIf(skip)(skip ? `sealed objects (skipped: needs ${missing.join(', ')})` : 'sealed objects', () => {
  let directory: string;
  let key: string;
  let pool: SealPool;
  let recipient: string;

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'graphkeep-sealed-'));
    key = path.join(directory, 'key');
    execFileSync('age-keygen', ['-o', key], { stdio: 'ignore' });
    recipient = execFileSync('age-keygen', ['-y', key], { encoding: 'utf8' }).trim();
    pool = await SealPool.start({ recipients: [recipient], level: 1 });
  });

  afterAll(async () => {
    await pool?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function seal(content: Uint8Array, hasTable: boolean): Promise<string> {
    const object = await pool.open({ hasTable });
    for (let at = 0; at < content.length; at += 777_777) await object.write(content.subarray(at, at + 777_777));
    const { bytes, release } = await object.seal();
    const file = path.join(directory, `object-${randomBytes(4).toString('hex')}`);
    writeFileSync(file, bytes);
    release();
    return file;
  }

  const bash = (command: string) =>
    execFileSync('bash', ['-o', 'pipefail', '-c', command], { cwd: directory, maxBuffer: 2 ** 28 });

  function sample(bytes: number): Buffer {
    const content = randomBytes(bytes);
    for (let at = 0; at < bytes; at += 10_000) content.subarray(at, at + 6000).fill(at & 255);
    return content;
  }

  it.each([0, 1, 65_536, 1_048_576, 1_048_577, 16_777_216])(
    'an object of %i bytes is read by age and zstd',
    async (bytes) => {
      const content = sample(bytes);
      for (const hasTable of [true, false]) {
        const file = await seal(content, hasTable);
        expect(bash(`age -d -i '${key}' '${file}' | zstd -dc`).equals(content)).toBe(true);
      }
    },
  );

  it('objects that are joined after age are one file for zstd', async () => {
    const contents = [sample(3_000_000), Buffer.alloc(0), sample(1_500_000), sample(10)];
    const files: string[] = [];
    for (const content of contents) files.push(await seal(content, true));
    const joined = files.map((file) => `age -d -i '${key}' '${file}'`).join(' && ');
    expect(bash(`{ ${joined}; } | zstd -dc`).equals(Buffer.concat(contents))).toBe(true);
  });

  it('objects that are parts of a file are put together by dd', async () => {
    const content = sample(2 * 1_048_576 + 500);
    const parts = [0, 1_048_576, 2_097_152];
    for (const offset of [...parts].reverse()) {
      const file = await seal(content.subarray(offset, offset + 1_048_576), true);
      const dd = `dd of=store bs=1M seek=${offset} oflag=seek_bytes conv=notrunc status=none`;
      bash(`age -d -i '${key}' '${file}' | zstd -dc | ${dd}`);
    }
    expect(readFileSync(path.join(directory, 'store')).equals(content)).toBe(true);
  });

  it('an object that is a tar is unpacked', async () => {
    const tar = pack();
    tar.entry({ name: 'neostore' }, 'records');
    tar.entry({ name: 'neostore.id' }, '');
    tar.finalize();
    const file = await seal(await buffer(tar), false);
    const out = path.join(directory, 'out');
    mkdirSync(out);
    bash(`age -d -i '${key}' '${file}' | zstd -dc | tar -xC out`);
    expect(readFileSync(path.join(out, 'neostore'), 'utf8')).toBe('records');
    expect(existsSync(path.join(out, 'neostore.id'))).toBe(true);
  });

  it('an object that age and zstd have made is read here', async () => {
    const content = sample(900_000);
    writeFileSync(path.join(directory, 'plain'), content);
    const file = path.join(directory, 'plain.zst.age');
    bash(`zstd -q plain -o plain.zst && age -r ${recipient} -o '${file}' plain.zst`);
    const stored = readFileSync(file);
    const sha256 = Buffer.from(bash(`sha256sum '${file}'`).toString().slice(0, 64), 'hex');
    const unsealing = { codec: await loadFrameCodec(), identities: await loadIdentities({ identity: { file: key } }) };
    const pieces: Buffer[] = [];
    for await (const piece of unsealObject(stored, { key: file, bytes: stored.length, sha256 }, unsealing)) {
      pieces.push(Buffer.from(piece));
    }
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
  });
});
