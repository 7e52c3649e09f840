import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import type { GetObjectCommandOutput, ListObjectsV2CommandOutput, S3Client } from '@aws-sdk/client-s3';
import { cancelledError, throwIfCancelled } from '../../base/cancellation.ts';
import { type ErrorPlace, GraphkeepError, hasCode } from '../../base/errors.ts';
import { isKey, requireKey, requireListPrefix } from '../keys.ts';
import { ObjectUnavailable, objectError, rangeWithin, requireRange } from '../object-errors.ts';
import type {
  ByteRange,
  CreateOptions,
  ObjectInfo,
  ObjectStore,
  ReadObject,
  ReceiveChunk,
  RemoveResult,
  StoreCapabilities,
} from '../object-store.ts';
import type { S3Address } from './s3-address.ts';
import { connectS3, type S3Options, type Sdk } from './s3-client.ts';
import { isStatus, s3Error } from './s3-errors.ts';

/** What one request may remove. */
const MOST_REMOVED_KEYS = 1000;
const LOCK_HINT = 'lock-days in the address needs a bucket with object lock, and the right s3:PutObjectRetention.';
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Objects in a bucket of S3, or of a server that speaks its language. An object is one PUT of known length with its SHA-256 and the
 * condition that the key is free; nothing is uploaded in parts, so nothing half done can stay behind. Where the server does not know the
 * condition, a look before the PUT has to do.
 */
export class S3Store implements ObjectStore {
  readonly kind = 's3';
  readonly address: string;
  capabilities: StoreCapabilities = {
    conditionalCreate: true,
    conditionalReplace: true,
    serverSideCopy: true,
    startAfter: true,
    storedChecksum: true,
    objectLock: true,
    versions: false,
  };
  private readonly sdk: Sdk;
  private readonly client: S3Client;
  private readonly bucket: string;
  /** Empty, or with `/` at its end. */
  private readonly root: string;
  private readonly endpoint: string | undefined;
  private readonly pageKeys: number | undefined;
  private readonly lock: S3Address['lock'];
  private removesMany = true;

  private constructor(
    { bucket, prefix, endpoint, lock }: S3Address,
    { pageKeys }: S3Options,
    sdk: Sdk,
    client: S3Client,
  ) {
    this.address = prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
    this.sdk = sdk;
    this.client = client;
    this.bucket = bucket;
    this.root = prefix === '' ? '' : `${prefix}/`;
    this.endpoint = endpoint;
    this.pageKeys = pageKeys;
    this.lock = lock;
  }

  /** Loads the SDK; the server is asked nothing yet. */
  static async open(address: S3Address, options: S3Options = {}): Promise<S3Store> {
    const { sdk, client } = await connectS3(address, options);
    return new S3Store(address, options, sdk, client);
  }

  async create(
    key: string,
    body: Uint8Array,
    sha256: Uint8Array,
    { lock = this.ownLock() }: CreateOptions,
    signal: AbortSignal,
  ): Promise<void> {
    requireKey(key);
    const { conditionalCreate } = this.capabilities;
    if (!conditionalCreate && (await this.stat(key, signal)) !== undefined) {
      throw objectError('object.exists', this.placeOf(key));
    }
    const command = new this.sdk.PutObjectCommand({
      ...this.at(key),
      Body: body,
      ContentLength: body.length,
      ChecksumSHA256: Buffer.from(sha256).toString('base64'),
      ...(conditionalCreate ? { IfNoneMatch: '*' } : {}),
      ...(lock === undefined || lock === 'none'
        ? {}
        : {
            ObjectLockMode: lock.mode === 'governance' ? ('GOVERNANCE' as const) : ('COMPLIANCE' as const),
            ObjectLockRetainUntilDate: lock.until,
          }),
    });
    command.middlewareStack.add(
      (next) => (args) => {
        // The signature needs the same hash: it is not computed again.
        (args.request as HttpMessage).headers['x-amz-content-sha256'] = Buffer.from(sha256).toString('hex');
        return next(args);
      },
      { step: 'build' },
    );
    try {
      await this.send('create the object', key, signal, (abortSignal) => this.client.send(command, { abortSignal }));
    } catch (error) {
      const isLocked = command.input.ObjectLockMode !== undefined;
      throw isLocked && hasCode(error, 'object.unsupported', 'object.denied') ? withLockHint(error) : error;
    }
  }

  private ownLock(): CreateOptions['lock'] {
    return this.lock && { until: new Date(Date.now() + this.lock.days * DAY_MS), mode: this.lock.mode };
  }

  async replace(key: string, body: Uint8Array, etag: string | undefined, signal: AbortSignal): Promise<string> {
    requireKey(key);
    const { conditionalReplace } = this.capabilities;
    const place = this.placeOf(key);
    if (!conditionalReplace && (await this.stat(key, signal))?.etag !== etag)
      throw objectError('object.changed', place);
    const condition = etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag };
    const command = new this.sdk.PutObjectCommand({
      ...this.at(key),
      Body: body,
      ContentLength: body.length,
      ...(conditionalReplace ? condition : {}),
    });
    const send = (abortSignal: AbortSignal) => this.client.send(command, { abortSignal });
    try {
      const { ETag } = await this.send('replace the object', key, signal, send, 'object.changed');
      if (ETag !== undefined) return ETag;
    } catch (error) {
      throw hasCode(error, 'object.missing') ? objectError('object.changed', place) : error;
    }
    throw new GraphkeepError('object.unsupported', 'the server gives objects no ETag', { place });
  }

  async read(
    key: string,
    range: ByteRange | undefined,
    receive: ReceiveChunk,
    signal: AbortSignal,
  ): Promise<ReadObject> {
    requireKey(key);
    requireRange(range);
    const place = this.placeOf(key);
    const command = new this.sdk.GetObjectCommand({
      ...this.at(key),
      ...(range === undefined ? {} : { Range: `bytes=${range.from}-${range.to - 1}` }),
    });
    const send = (abortSignal: AbortSignal) => this.client.send(command, { abortSignal });
    const answer = await this.send('read the object', key, signal, send);
    const body = answer.Body as Readable;
    try {
      const object = { size: sizeOf(answer, range, place), etag: answer.ETag ?? '' };
      const { from, to } = rangeWithin(object.size, range, place);
      await this.receiveBody(body, to - from, (bytes) => receive(bytes, object), key, signal);
      return object;
    } finally {
      if (!body.readableEnded) body.destroy();
    }
  }

  private async receiveBody(
    body: Readable,
    size: number,
    receive: (bytes: Uint8Array) => void | Promise<void>,
    key: string,
    signal: AbortSignal,
  ): Promise<void> {
    const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const next = () => this.send('read the object', key, signal, () => chunks.next());
    const place = this.placeOf(key);
    let received = 0;
    for (let chunk = await next(); chunk.done !== true; chunk = await next()) {
      received += chunk.value.length;
      if (received > size) {
        const message = 'the server sends more than was asked for';
        throw new GraphkeepError('object.damaged', message, { place, observed: `${received} bytes` });
      }
      await receive(chunk.value);
    }
    if (received === size) return;
    const message = 'cannot read the object: the server sent less than it said';
    throw new ObjectUnavailable(message, { place, observed: `${received} of ${size} bytes` });
  }

  async stat(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    requireKey(key);
    const command = new this.sdk.HeadObjectCommand({ ...this.at(key), ChecksumMode: 'ENABLED' });
    const send = (abortSignal: AbortSignal) => this.client.send(command, { abortSignal });
    try {
      const answer = await this.send('look at the object', key, signal, send);
      const sha256 = Buffer.from(answer.ChecksumSHA256 ?? '', 'base64');
      return {
        key,
        size: answer.ContentLength ?? 0,
        etag: answer.ETag ?? '',
        modified: answer.LastModified ?? new Date(0),
        // That of an object in parts is something else, with the number of parts behind it.
        ...(sha256.length === 32 && !answer.ChecksumSHA256?.includes('-') ? { sha256 } : {}),
      };
    } catch (error) {
      if (hasCode(error, 'object.missing')) return undefined;
      throw error;
    }
  }

  async *list(prefix: string, startAfter: string | undefined, signal: AbortSignal): AsyncGenerator<ObjectInfo, void> {
    requireListPrefix(prefix);
    const isAsked = startAfter !== undefined && this.capabilities.startAfter;
    let last = '';
    let token: string | undefined;
    do {
      const page = await this.listPage(prefix, isAsked ? startAfter : undefined, token, signal);
      for (const info of this.readPage(page)) {
        if (info.key <= last) {
          throw new GraphkeepError('object.unsupported', 'the server does not list objects in order', {
            place: this.placeOf(prefix),
            observed: `${info.key} after ${last}`,
          });
        }
        last = info.key;
        if (startAfter === undefined || info.key > startAfter) yield info;
        else if (isAsked) this.capabilities.startAfter = false;
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  private async listPage(
    prefix: string,
    startAfter: string | undefined,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<ListObjectsV2CommandOutput> {
    const command = new this.sdk.ListObjectsV2Command({
      Bucket: this.bucket,
      Prefix: this.root + prefix,
      // Keys of others may hold what XML cannot.
      EncodingType: 'url',
      ...(startAfter === undefined ? {} : { StartAfter: this.root + startAfter }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
      ...(this.pageKeys === undefined ? {} : { MaxKeys: this.pageKeys }),
    });
    const send = (abortSignal: AbortSignal) => this.client.send(command, { abortSignal });
    const page = await this.send('list objects', prefix, signal, send);
    if (page.IsTruncated && (page.NextContinuationToken === undefined || page.NextContinuationToken === token)) {
      const message = 'the server says that its list goes on, but not where';
      throw new GraphkeepError('object.unsupported', message, { place: this.placeOf(prefix) });
    }
    return page;
  }

  private readPage({ Contents = [], EncodingType }: ListObjectsV2CommandOutput): ObjectInfo[] {
    return Contents.flatMap(({ Key = '', Size = 0, ETag = '', LastModified = new Date(0) }) => {
      const name = EncodingType === 'url' ? decode(Key) : Key;
      const key = name.slice(this.root.length);
      // What no key is like belongs to somebody else.
      return name.startsWith(this.root) && isKey(key) ? [{ key, size: Size, etag: ETag, modified: LastModified }] : [];
    });
  }

  async copy(from: string, to: string, signal: AbortSignal): Promise<void> {
    requireKey(from);
    if ((await this.stat(to, signal)) !== undefined) throw objectError('object.exists', this.placeOf(to));
    const CopySource = `${this.bucket}/${this.root}${from}`;
    const command = new this.sdk.CopyObjectCommand({ ...this.at(to), CopySource });
    await this.send('copy the object', from, signal, (abortSignal) => this.client.send(command, { abortSignal }));
  }

  async remove(keys: readonly string[], signal: AbortSignal): Promise<RemoveResult[]> {
    keys.forEach(requireKey);
    throwIfCancelled(signal);
    const results: RemoveResult[] = [];
    for (let at = 0; at < keys.length; at += MOST_REMOVED_KEYS) {
      const some = keys.slice(at, at + MOST_REMOVED_KEYS);
      const removed = this.removesMany ? await this.removeMany(some, signal) : undefined;
      results.push(...(removed ?? (await this.removeEach(some, signal))));
    }
    return results;
  }

  /** Undefined if the server does not accept the request: some want a hash of it that others do not know. */
  private async removeMany(keys: readonly string[], signal: AbortSignal): Promise<RemoveResult[] | undefined> {
    const Objects = keys.map((key) => ({ Key: this.root + key }));
    const command = new this.sdk.DeleteObjectsCommand({ Bucket: this.bucket, Delete: { Objects, Quiet: true } });
    const send = async (abortSignal: AbortSignal) => {
      try {
        return await this.client.send(command, { abortSignal });
      } catch (error) {
        if (isStatus(error, 400, 405, 411, 501)) return undefined;
        throw error;
      }
    };
    const answer = await this.send('remove objects', keys[0]!, signal, send);
    if (answer === undefined) {
      this.removesMany = false;
      return undefined;
    }
    const failures = new Map((answer.Errors ?? []).map((failure) => [failure.Key, failure]));
    return keys.map((key) => {
      const failure = failures.get(this.root + key);
      if (failure === undefined || failure.Code === 'NoSuchKey') return { key, removed: true };
      const status = failure.Code === 'AccessDenied' ? 403 : 503;
      const thrown = Object.assign(new Error(failure.Message), {
        name: failure.Code ?? 'Error',
        $metadata: { httpStatusCode: status },
      });
      return { key, removed: false, error: s3Error(thrown, 'remove the object', this.placeOf(key), 'object.changed') };
    });
  }

  private async removeEach(keys: readonly string[], signal: AbortSignal): Promise<RemoveResult[]> {
    const results: RemoveResult[] = [];
    for (const key of keys) {
      throwIfCancelled(signal);
      const command = new this.sdk.DeleteObjectCommand(this.at(key));
      try {
        await this.send('remove the object', key, signal, (abortSignal) => this.client.send(command, { abortSignal }));
        results.push({ key, removed: true });
      } catch (error) {
        results.push(hasCode(error, 'object.missing') ? { key, removed: true } : { key, removed: false, error });
      }
    }
    return results;
  }

  async now(signal: AbortSignal): Promise<Date> {
    let date = '';
    const command = new this.sdk.ListObjectsV2Command({ Bucket: this.bucket, Prefix: this.root, MaxKeys: 1 });
    command.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        date = (result.response as HttpMessage).headers.date ?? '';
        return result;
      },
      { step: 'deserialize' },
    );
    await this.send('list objects', '', signal, (abortSignal) => this.client.send(command, { abortSignal }));
    const time = new Date(date);
    if (!Number.isNaN(time.getTime())) return time;
    throw new GraphkeepError('object.unsupported', 'the server does not tell its time', {
      place: this.placeOf(''),
      observed: date,
    });
  }

  private async send<T>(
    action: string,
    key: string,
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<T>,
    conflict: 'object.exists' | 'object.changed' = 'object.exists',
  ): Promise<T> {
    throwIfCancelled(signal);
    // One listener for each request at the same time is no leak.
    setMaxListeners(0, signal);
    try {
      return await call(signal);
    } catch (error) {
      if (signal.aborted) throw cancelledError(signal);
      throw s3Error(error, action, this.placeOf(key), conflict);
    }
  }

  private at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.bucket, Key: this.root + key };
  }

  private placeOf(key: string): ErrorPlace {
    const object = `${this.address}/${key}`;
    return this.endpoint === undefined ? { object } : { object, peer: this.endpoint };
  }
}

function withLockHint({ code, message, place, observed }: GraphkeepError): GraphkeepError {
  return new GraphkeepError(code, message, {
    hint: LOCK_HINT,
    ...(place === undefined ? {} : { place }),
    ...(observed === undefined ? {} : { observed }),
  });
}

interface HttpMessage {
  headers: Record<string, string>;
}

/** Of the whole object. */
function sizeOf(answer: GetObjectCommandOutput, range: ByteRange | undefined, place: ErrorPlace): number {
  const { ContentRange, ContentLength } = answer;
  if (range === undefined && ContentLength !== undefined) return ContentLength;
  const [, from, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(ContentRange ?? '') ?? [];
  if (range !== undefined && Number(from) === range.from) return Number(size);
  const message = 'the server does not say which bytes of the object it sends';
  throw new GraphkeepError('object.unsupported', message, { place, observed: ContentRange ?? 'nothing' });
}

function decode(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    // No key of ours.
    return '';
  }
}
