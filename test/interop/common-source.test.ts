import { expect, it } from 'vitest';
import { describeError, GraphkeepError } from '../../src/base/errors.ts';
import { TransactionStream } from '../../src/log/v3/transaction-stream.ts';
import { CommonSource } from '../../src/source/backup-protocol/common-source.ts';
import type {
  CopyReceiver,
  FileReceiver,
  StoreFileStream,
  StoreIdReceiver,
  TransactionReceiver,
} from '../../src/source/backup-source.ts';
import { relateStores } from '../../src/store/files/store-id.ts';
import { openSequentially } from '../support/servers/sequential-receiver.ts';
import { describeInterop, RandomLoad, type RunningServer, startServer } from './harness/index.ts';

/** Counts what comes, checks that the transactions are whole and consecutive, and keeps `neostore`. */
class CountingReceiver implements CopyReceiver, TransactionReceiver, StoreIdReceiver {
  readonly names: string[] = [];
  readonly stream: TransactionStream;
  bytes = 0;
  neostore = Buffer.alloc(0);

  constructor(firstTransaction?: number) {
    this.stream = new TransactionStream(firstTransaction === undefined ? {} : { firstTransaction });
  }

  /** Record `k` of the received `neostore`. */
  record(k: number): number {
    return Number(this.neostore.readBigInt64BE(9 * k + 1));
  }

  openFile(file: StoreFileStream): Promise<FileReceiver> {
    return openSequentially(this, file);
  }

  beginFile(file: StoreFileStream): void {
    this.names.push(file.name);
  }

  fileBytes(chunk: Buffer): undefined {
    this.bytes += chunk.length;
    if (this.names.at(-1) === 'neostore') this.neostore = Buffer.concat([this.neostore, chunk]);
  }

  endFile(): void {}

  storeId(): void {}

  transactionBytes(chunk: Buffer): undefined {
    this.stream.feed(chunk);
  }
}

const never = new AbortController().signal;

function sourceFor(server: RunningServer): CommonSource {
  const [host = '', port = ''] = server.backupAddress.split(':');
  return new CommonSource({ address: { host, port: Number(port) }, timeoutMs: 120_000 });
}

describeInterop('the client of the common protocol', () => {
  for (const version of ['3.4.9', '3.5.0-beta03'] as const) {
    it(`the client of the common protocol receives full copies and transactions from ${version}, at rest and under load`, async () => {
      const server = await startServer({ version });
      const load = new RandomLoad(server, { explicitIndexes: true });
      await load.run(500);
      const source = sourceFor(server);

      const rest = new CountingReceiver();
      const { storeId } = await source.fullCopy(rest, never);
      expect(rest.stream.end().count).toBe(0);
      expect(rest.names[0]).toBe('index.db');
      expect(rest.names.filter((name) => name.startsWith('index/lucene/node/people/')).length).toBeGreaterThan(0);
      expect(rest.names.at(-1)).toBe('neostore');
      const last = rest.record(3);

      const nothing = new CountingReceiver();
      expect(relateStores((await source.transactionsAfter(last, nothing, never)).storeId, storeId)).toBe('same');
      expect(nothing.stream.end().count).toBe(0);

      const running = load.run(1500);
      const live = new CountingReceiver();
      await source.fullCopy(live, never);
      await running;
      expect(live.stream.end().last?.transactionId ?? live.record(3)).toBeGreaterThanOrEqual(live.record(3));

      const all = new CountingReceiver(last + 1);
      await source.transactionsAfter(last, all, never);
      expect(all.stream.end().count).toBeGreaterThan(1000);
      await server.stop();

      const error: unknown = await source.fullCopy(new CountingReceiver(), never).catch((caught: unknown) => caught);
      if (!(error instanceof GraphkeepError)) throw error;
      expect([error.code, describeError(error)]).toEqual([
        'peer.unreachable',
        expect.stringContaining('nobody listens there'),
      ]);
    });
  }

  it('the client of the common protocol learns that history was pruned', async () => {
    const conf = { 'dbms.tx_log.rotation.retention_policy': 'false', 'dbms.tx_log.rotation.size': '1m' };
    const server = await startServer({ version: '3.4.9', conf });
    const source = sourceFor(server);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 40; i++) await server.cypher('CREATE ({text: $text})', { text: 'x'.repeat(60_000) });
      // Makes a check point, and so prunes.
      await source.fullCopy(new CountingReceiver(), never);
    }
    await expect(source.transactionsAfter(1, new CountingReceiver(), never)).rejects.toMatchObject({
      code: 'peer.history-pruned',
      observed: expect.stringContaining('Unable to find transaction 2'),
    });
    await server.stop();
  });
});
