import { readFileSync } from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { SslPolicy } from '../../../src/config/ssl-policy/ssl-policy.ts';
import type { CatchupRequest } from '../../../src/protocol/catchup/catchup-request.ts';
import type { CopyStatus, PrepareStatus, StreamStatus } from '../../../src/protocol/catchup/catchup-response.ts';
import type { Modifier } from '../../../src/protocol/catchup/handshake-messages.ts';
import { RequestDecompressor } from '../../../src/protocol/catchup/modifiers.ts';
import { RequestDecoder } from '../../../src/protocol/catchup/request-decoder.ts';
import { ResponseDecoder } from '../../../src/protocol/catchup/response-decoder.ts';
import { ResponseWriter } from '../../../src/protocol/catchup/response-writer.ts';
import { ServerHandshake } from '../../../src/protocol/catchup/server-handshake.ts';
import type { CatchupStoreId } from '../../../src/protocol/catchup/store-id-field.ts';
import { openChannel } from '../../../src/protocol/tls/channel.ts';
import { listServedFiles } from '../../../src/serve/database/served-files.ts';
import { formatByVersion } from '../../../src/store/files/store-format.ts';
import { relateStores } from '../../../src/store/files/store-id.ts';
import { corpusPath } from '../corpus/unpack-corpus.ts';
import type { ServedHistory } from '../history/served-history.ts';

export interface MemberFile {
  name: string;
  alignment: number;
  bytes: Buffer;
}

/** The content that a member serves. */
export interface MemberContent {
  storeId: CatchupStoreId;
  /** C. */
  checkPoint: number;
  /** Sent with the PREPARE answer. */
  prepared: MemberFile[];
  /** Listed in it, and sent on request. */
  listed: MemberFile[];
  indexes: Map<number, MemberFile[]>;
  /** By id. */
  transactions: Map<number, Buffer>;
}

/** What goes wrong with one answer. */
export interface MemberFault {
  /** The connection ends after this many bytes of the answer. */
  cutAfter?: number;
  reset?: boolean;
  /** Nothing more comes after this many bytes, but the connection stays. */
  stallAfter?: number;
  /** Other bytes instead of the answer. */
  replace?: (answer: Buffer) => Buffer;
  /** The connection ends after the answer. */
  endsBehind?: boolean;
  /** Sent instead of success, without any data. */
  status?: PrepareStatus | CopyStatus | StreamStatus;
  /** Called before the answer is sent. */
  before?: () => Promise<void> | void;
}

/** One request as the member saw it. */
export interface SeenRequest {
  request: CatchupRequest;
  /** Number of the connection, from 0. */
  connection: number;
}

/** A cluster member whose answers can be spoiled, for tests of clients. It answers like a real one (spec catchup-protocol 9 to 13). */
export class CatchupMember {
  content: MemberContent;
  /** The last committed transaction. */
  newest: number;
  /** The logs begin after this transaction. */
  prunedTo = 1;
  /** Called for each request. */
  fault: (request: CatchupRequest, seen: SeenRequest) => MemberFault | undefined = () => undefined;
  /** Called for each connection: what goes wrong in the handshake. */
  handshakeFault: (connection: number) => MemberFault | undefined = () => undefined;
  compressions: string[] = [];
  /** For clients that connect from now on. */
  policy: SslPolicy | undefined;
  readonly seen: SeenRequest[] = [];
  readonly sockets = new Set<Socket>();
  /** Modifiers agreed on by each connection. */
  readonly agreed: Modifier[][] = [];
  connections = 0;
  private readonly server: Server;
  private port = 0;

  private constructor(content: MemberContent) {
    this.content = content;
    this.newest = Math.max(content.checkPoint, ...content.transactions.keys());
    this.server = createServer((socket) => this.accept(socket));
  }

  static async start(content: MemberContent): Promise<CatchupMember> {
    const member = new CatchupMember(content);
    await new Promise<void>((resolve, reject) => {
      member.server.once('error', reject);
      member.server.listen(0, '127.0.0.1', resolve);
    });
    const address = member.server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    member.port = address.port;
    return member;
  }

  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.port };
  }

  get kinds(): string[] {
    return this.seen.map(({ request }) => request.kind);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(socket: Socket): void {
    const connection = this.connections++;
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => {});
    void this.serve(socket, connection)
      .catch(() => {})
      .then(() => socket.destroySoon());
  }

  private async serve(socket: Socket, connection: number): Promise<void> {
    const channel = await openChannel(socket, { role: 'server', peer: 'client', policy: this.policy, timeoutMs: 5000 });
    const modifiers = await this.shakeHands(channel.stream, connection);
    const stream = await channel.switchOver();
    this.agreed[connection] = modifiers;
    const decoder = new RequestDecoder('client');
    const decompressor = new RequestDecompressor(modifiers, 'client');
    for await (const bytes of stream) {
      decoder.feed(await decompressor.decode(bytes as Buffer));
      for (let request = decoder.next(); request !== undefined; request = decoder.next()) {
        const seen = { request, connection };
        this.seen.push(seen);
        const fault = this.fault(request, seen);
        await fault?.before?.();
        await send(stream, await this.answer(request, fault?.status), fault);
      }
    }
  }

  private async shakeHands(stream: Duplex, connection: number): Promise<Modifier[]> {
    const handshake = new ServerHandshake('client', this.compressions);
    for (;;) {
      const step = handshake.feed(await readPiece(stream));
      if (step.send !== undefined) await send(stream, step.send, this.handshakeFault(connection));
      if (step.done !== undefined) return step.done.modifiers;
    }
  }

  /** The whole answer to a request. */
  async answer(request: CatchupRequest, forced?: MemberFault['status']): Promise<Buffer> {
    const pieces: Buffer[] = [];
    const writer = new ResponseWriter((piece) => {
      pieces.push(Buffer.from(piece));
      return undefined;
    });
    await this.write(request, writer, forced);
    return Buffer.concat(pieces);
  }

  private async write(request: CatchupRequest, writer: ResponseWriter, forced: MemberFault['status']): Promise<void> {
    const { content } = this;
    const isSame = (id: CatchupStoreId | undefined) => id !== undefined && relateStores(id, content.storeId) === 'same';
    const isOther = 'storeId' in request && !isSame(request.storeId);
    switch (request.kind) {
      case 'storeId':
        return writer.storeId(content.storeId);
      case 'prepareStoreCopy': {
        const status = (forced as PrepareStatus) ?? (isOther ? 'E_STORE_ID_MISMATCH' : 'SUCCESS');
        if (status !== 'SUCCESS') return writer.prepared({ status, transactionId: 0, files: [], indexIds: [] });
        await writeFiles(writer, content.prepared);
        const files = content.listed.map(({ name }) => name);
        const indexIds = [...content.indexes.keys()];
        return writer.prepared({ status, transactionId: content.checkPoint, files, indexIds });
      }
      case 'storeFile':
      case 'indexSnapshot': {
        const status = (forced as CopyStatus) ?? (isOther ? 'E_STORE_ID_MISMATCH' : 'SUCCESS');
        const wanted =
          request.kind === 'storeFile'
            ? content.listed.filter(({ name }) => name === request.name)
            : (content.indexes.get(request.indexId) ?? []);
        if (status === 'SUCCESS') await writeFiles(writer, wanted);
        return writer.copyFinished(status);
      }
      case 'transactions':
        return this.writeTransactions(
          request.after,
          writer,
          (forced as StreamStatus) ?? (isOther ? 'E_STORE_ID_MISMATCH' : undefined),
        );
      case 'coreSnapshot':
        throw new Error('no client asks for it');
    }
  }

  private async writeTransactions(after: number, writer: ResponseWriter, forced?: StreamStatus): Promise<void> {
    const { newest, prunedTo, content } = this;
    if (forced !== undefined) return writer.streamFinished(forced, newest);
    if (after <= 0) return writer.streamFinished('E_INVALID_REQUEST', -1);
    if (newest <= after) return writer.streamFinished('SUCCESS_END_OF_STREAM', newest);
    if (after < prunedTo) return writer.streamFinished('E_TRANSACTION_PRUNED', newest);
    for (let id = after + 1; id <= newest; id++) {
      const bytes = content.transactions.get(id)!;
      await writer.beginTransaction(content.storeId, bytes.length);
      await writer.transactionBytes(bytes);
      writer.endTransaction();
    }
    return writer.streamFinished('SUCCESS_END_OF_STREAM', newest);
  }
}

/** One piece of input; the stream is paused again afterwards. */
function readPiece(stream: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      stream.pause();
      stream.removeListener('data', take).removeListener('close', end).removeListener('end', end);
    };
    const take = (bytes: Buffer) => {
      settle();
      resolve(bytes);
    };
    const end = () => {
      settle();
      reject(new Error('the client went away'));
    };
    stream.on('data', take).on('close', end).on('end', end);
    stream.resume();
  });
}

async function send(stream: Duplex, answer: Buffer, fault: MemberFault = {}): Promise<void> {
  const whole = fault.replace?.(answer) ?? answer;
  const size = fault.cutAfter ?? fault.stallAfter ?? whole.length;
  await new Promise<void>((resolve, reject) => {
    stream.write(whole.subarray(0, size), (error) => (error ? reject(error) : resolve()));
  });
  if (fault.stallAfter !== undefined) await new Promise((resolve) => stream.once('close', resolve));
  if (fault.cutAfter === undefined && fault.endsBehind !== true) return;
  if (fault.reset && stream instanceof Socket) stream.resetAndDestroy();
  else stream.end();
  throw new Error('cut');
}

async function writeFiles(writer: ResponseWriter, files: MemberFile[]): Promise<void> {
  for (const { name, alignment, bytes } of files) {
    await writer.beginFile(name, alignment);
    await writer.fileBytes(bytes);
    await writer.endFile();
  }
}

/** The content that a member serves for a history: the files as of the check point, every transaction of the log. */
export function memberOf({ folder, storeId, checkPoint, transactions }: ServedHistory): MemberContent {
  const served = listServedFiles(folder, formatByVersion(storeId.storeVersion), { logs: false });
  const files = served.map(({ name, alignment }) => ({ name, alignment, bytes: readFileSync(join(folder, name)) }));
  const isDerived = ({ name }: MemberFile) => /^neostore\.(counts|labelscanstore)|\//.test(name);
  const isLast = ({ name }: MemberFile) => name === 'neostore';
  const labelScanStore = files.filter(({ name }) => name === 'neostore.labelscanstore.db');
  return {
    storeId,
    checkPoint,
    prepared: files.filter(isDerived),
    listed: [
      ...files.filter((file) => !isDerived(file) && !isLast(file)),
      ...labelScanStore.map((file) => ({ ...file, bytes: Buffer.alloc(8192, 0xee) })),
      ...files.filter(isLast),
    ],
    indexes: new Map(),
    transactions: new Map(transactions.map(({ id, bytes }) => [id, bytes])),
  };
}

/** The content that the member of a capture served: the full copy, and the transactions of the incremental after it. */
export async function readCapturedMember(version: '349' | '350b3'): Promise<MemberContent> {
  const known = capturedMembers.get(version) ?? decodeCapturedMember(version);
  capturedMembers.set(version, known);
  const content = await known;
  const copy = (files: MemberFile[]) => files.map((file) => ({ ...file }));
  return {
    ...content,
    prepared: copy(content.prepared),
    listed: copy(content.listed),
    indexes: new Map(content.indexes),
    transactions: new Map(content.transactions),
  };
}

/** Decoding one takes longer than serving it. */
const capturedMembers = new Map<string, Promise<MemberContent>>();

async function decodeCapturedMember(version: '349' | '350b3'): Promise<MemberContent> {
  const capture = new CaptureReader(`full-${version}`);
  const outcome = await capture.next('storeId');
  if (outcome.kind !== 'storeId' || outcome.storeId === undefined) throw new Error('no store id');
  const prepared = await capture.next('prepareStoreCopy');
  if (prepared.kind !== 'prepared') throw new Error('no list of files');
  const withPrepare = capture.files.splice(0);
  for (const _ of prepared.files) await capture.next('storeFile');
  await capture.next('transactions');
  const later = new CaptureReader(`incr-${version}`);
  await later.next('storeId');
  await later.next('transactions');
  return {
    storeId: outcome.storeId,
    checkPoint: prepared.transactionId,
    prepared: withPrepare,
    listed: capture.files,
    indexes: new Map(),
    transactions: new Map([...capture.transactions, ...later.transactions]),
  };
}

/** Bytes of the handshake in the answers of a capture without modifiers. */
const HANDSHAKE_BYTES = 0x40;

class CaptureReader {
  readonly files: MemberFile[] = [];
  readonly transactions = new Map<number, Buffer>();
  private parts: Buffer[] = [];
  private readonly decoder: ResponseDecoder;
  private readonly bytes: Buffer;
  private at = HANDSHAKE_BYTES;

  constructor(name: string) {
    this.bytes = readFileSync(corpusPath(`wire-catchup/${name}.s2c.bin`));
    const take = (chunk: Buffer): undefined => {
      this.parts.push(Buffer.from(chunk));
    };
    const ended = (): Buffer => Buffer.concat(this.parts.splice(0));
    this.decoder = new ResponseDecoder(
      {
        beginFile: (file, alignment) => void this.files.push({ name: file, alignment, bytes: Buffer.alloc(0) }),
        fileBytes: take,
        endFile: () => {
          this.files.at(-1)!.bytes = ended();
        },
        beginTransaction: () => {},
        transactionBytes: take,
        endTransaction: (id) => void this.transactions.set(id, ended()),
      },
      name,
    );
  }

  async next(kind: 'storeId' | 'prepareStoreCopy' | 'storeFile' | 'transactions') {
    this.decoder.begin(kind);
    // Byte by byte: what belongs to the next answer must not be fed.
    for (; this.decoder.outcome === undefined; this.at++) {
      this.decoder.feed(this.bytes, this.at, this.at + 1);
      for (let wait = this.decoder.advance(); wait !== undefined; wait = this.decoder.advance()) await wait;
    }
    return this.decoder.outcome;
  }
}
