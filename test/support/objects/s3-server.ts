import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** What a request asks for. */
export type S3Operation = 'put' | 'copy' | 'get' | 'head' | 'list' | 'delete' | 'delete-many';

export interface S3Request {
  readonly operation: S3Operation;
  readonly key: string;
  readonly headers: IncomingMessage['headers'];
  readonly query: URLSearchParams;
}

/**
 * What the server does in place of its duty. `cut`: it closes the connection, `lose`: the same after it has done what was asked. `short`:
 * it closes after so many bytes of the body; `stallAfter`: it says nothing more after so many.
 */
export type S3Misdeed =
  | {
      readonly status: number;
      readonly code?: string;
      readonly headers?: Record<string, string>;
      readonly html?: boolean;
    }
  | 'cut'
  | 'lose'
  | 'stall'
  | { readonly short: number }
  | { readonly stallAfter: number };

/** Habits of other servers than those of AWS. */
export interface S3Habits {
  ignoresConditions?: boolean;
  refusesConditions?: boolean;
  ignoresStartAfter?: boolean;
  ignoresRanges?: boolean;
  keepsNoChecksum?: boolean;
  refusesDeleteMany?: boolean;
  listsBackwards?: boolean;
  listsWithoutToken?: boolean;
  hasNoDate?: boolean;
}

interface Stored {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly sha256: string | undefined;
  readonly modified: Date;
}

const MOST_PAGE_KEYS = 1000;

/** Credentials that the server accepts. */
export const S3_KEY = { accessKeyId: 'TESTKEY', secretAccessKey: 'test-secret' };

/** Enough of S3, in this process and in memory, for the tests of the store, with one bucket; able to misbehave. */
export class S3Server {
  readonly bucket = 'bucket';
  readonly objects = new Map<string, Stored>();
  readonly requests: S3Request[] = [];
  habits: S3Habits = {};
  /** Asked before every request. */
  misdeed: (request: S3Request) => S3Misdeed | undefined = () => undefined;
  private readonly server: Server;
  private versions = 0;

  private constructor() {
    this.server = createServer((request, response) => {
      this.handle(request, response).catch((error) => response.destroy(error));
    });
  }

  static async start(): Promise<S3Server> {
    const started = new S3Server();
    await new Promise<void>((resolve) => started.server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  put(key: string, bytes: Buffer, keepsChecksum = true): Stored {
    const sha256 = keepsChecksum ? hashOf(bytes) : undefined;
    const stored = { bytes, etag: `"${++this.versions}"`, sha256, modified: new Date() };
    this.objects.set(key, stored);
    return stored;
  }

  private async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url!, 'http://server');
    const [, bucket = '', ...path] = decodeURIComponent(url.pathname).split('/');
    const key = path.join('/');
    const operation = operationOf(message, key, url.searchParams);
    const request = { operation, key, headers: message.headers, query: url.searchParams };
    const body = await buffer(message);
    this.requests.push(request);
    if (this.habits.hasNoDate) response.sendDate = false;
    const misdeed = this.misdeed(request);
    if (misdeed === 'cut') return void message.socket.destroy();
    if (misdeed === 'stall') return;
    if (typeof misdeed === 'object' && 'status' in misdeed) return fail(response, misdeed);
    const answer = this.answer(request, bucket, body);
    if (misdeed === 'lose') return void message.socket.destroy();
    if (answer.code !== undefined) return fail(response, answer);
    response.writeHead(answer.status, { 'content-length': answer.body?.length ?? 0, ...answer.headers });
    if (operation === 'head' || answer.body === undefined) return void response.end();
    if (misdeed === undefined) return void response.end(answer.body);
    if ('stallAfter' in misdeed) return void response.write(answer.body.subarray(0, misdeed.stallAfter));
    response.write(answer.body.subarray(0, misdeed.short), () => message.socket.destroy());
  }

  private answer(request: S3Request, bucket: string, body: Buffer): Answer {
    const { operation, key, headers } = request;
    if (!headers.authorization?.includes(`Credential=${S3_KEY.accessKeyId}/`)) return refuse(403, 'InvalidAccessKeyId');
    if (bucket !== this.bucket) return refuse(404, 'NoSuchBucket');
    switch (operation) {
      case 'put':
        return this.answerPut(request, body);
      case 'copy':
        return this.answerCopy(request);
      case 'get':
      case 'head':
        return this.answerGet(request);
      case 'list':
        return this.answerList(request.query);
      case 'delete':
        this.objects.delete(key);
        return { status: 204 };
      case 'delete-many':
        if (this.habits.refusesDeleteMany) return refuse(400, 'MissingContentMD5');
        for (const [, name] of String(body).matchAll(/<Key>([^<]*)<\/Key>/g)) this.objects.delete(name!);
        return xml('<DeleteResult></DeleteResult>');
    }
  }

  private answerPut({ key, headers }: S3Request, body: Buffer): Answer {
    const { 'if-none-match': none, 'if-match': match, 'x-amz-checksum-sha256': sha256 } = headers;
    const isConditional = none !== undefined || match !== undefined;
    if (isConditional && this.habits.refusesConditions) return refuse(501, 'NotImplemented');
    const known = this.objects.get(key);
    if (isConditional && !this.habits.ignoresConditions) {
      if (none === '*' && known !== undefined) return refuse(412, 'PreconditionFailed');
      if (match !== undefined && known === undefined) return refuse(404, 'NoSuchKey');
      if (match !== undefined && match !== known?.etag) return refuse(412, 'PreconditionFailed');
    }
    if (sha256 !== undefined && sha256 !== hashOf(body)) return refuse(400, 'BadDigest');
    const stored = this.put(key, body, sha256 !== undefined && !this.habits.keepsNoChecksum);
    return { status: 200, headers: { etag: stored.etag } };
  }

  private answerCopy({ key, headers }: S3Request): Answer {
    const source = this.objects.get(
      decodeURIComponent(String(headers['x-amz-copy-source'])).slice(this.bucket.length + 1),
    );
    if (source === undefined) return refuse(404, 'NoSuchKey');
    const { etag } = this.put(key, source.bytes, source.sha256 !== undefined);
    return xml(`<CopyObjectResult><ETag>${etag.replaceAll('"', '&quot;')}</ETag></CopyObjectResult>`);
  }

  private answerGet({ key, headers }: S3Request): Answer {
    const stored = this.objects.get(key);
    if (stored === undefined) return refuse(404, 'NoSuchKey');
    const { bytes, etag, modified, sha256 } = stored;
    const wantsSum = headers['x-amz-checksum-mode'] === 'ENABLED' && sha256 !== undefined;
    const described = {
      etag,
      'last-modified': modified.toUTCString(),
      ...(wantsSum ? { 'x-amz-checksum-sha256': sha256 } : {}),
    };
    const whole = { status: 200, headers: { ...described, 'content-length': bytes.length }, body: bytes };
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
    if (first === undefined || this.habits.ignoresRanges) return whole;
    if (Number(first) >= bytes.length) return refuse(416, 'InvalidRange');
    const part = bytes.subarray(Number(first), Number(last) + 1);
    const range = `bytes ${first}-${Number(first) + part.length - 1}/${bytes.length}`;
    return { status: 206, headers: { ...described, 'content-range': range }, body: part };
  }

  private answerList(query: URLSearchParams): Answer {
    const prefix = query.get('prefix') ?? '';
    const token = query.get('continuation-token');
    const start = this.habits.ignoresStartAfter ? '' : (query.get('start-after') ?? '');
    const most = Math.min(MOST_PAGE_KEYS, Number(query.get('max-keys') ?? MOST_PAGE_KEYS));
    const keys = [...this.objects.keys()].sort();
    const wanted = keys.filter((key) => key.startsWith(prefix) && key > (token ?? start));
    const page = wanted.slice(0, most);
    const goesOn = page.length < wanted.length;
    if (this.habits.listsBackwards) page.reverse();
    const contents = page.map((key) => {
      const { bytes, etag, modified } = this.objects.get(key)!;
      const fields = `<LastModified>${modified.toISOString()}</LastModified><ETag>${etag.replaceAll('"', '&quot;')}</ETag>`;
      return `<Contents><Key>${encodeURIComponent(key)}</Key>${fields}<Size>${bytes.length}</Size></Contents>`;
    });
    const next =
      goesOn && !this.habits.listsWithoutToken ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    const head = `<EncodingType>url</EncodingType><IsTruncated>${goesOn}</IsTruncated>${next}`;
    return xml(`<ListBucketResult>${head}${contents.join('')}</ListBucketResult>`);
  }
}

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly headers?: Record<string, string | number>;
  readonly body?: Buffer;
}

function operationOf({ method, headers }: IncomingMessage, key: string, query: URLSearchParams): S3Operation {
  if (method === 'PUT') return headers['x-amz-copy-source'] === undefined ? 'put' : 'copy';
  if (method === 'POST' && query.has('delete')) return 'delete-many';
  if (method === 'DELETE') return 'delete';
  if (method === 'HEAD') return 'head';
  return key === '' ? 'list' : 'get';
}

function refuse(status: number, code: string): Answer {
  return { status, code };
}

function xml(text: string): Answer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${text}`);
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

function fail(response: ServerResponse, misdeed: Exclude<S3Misdeed, string> | Answer): void {
  if (!('status' in misdeed)) return;
  const { status, code, headers = {} } = misdeed;
  const isHtml = 'html' in misdeed && misdeed.html;
  const error = `<?xml version="1.0"?><Error><Code>${code ?? 'Odd'}</Code><Message>said the server</Message></Error>`;
  response.writeHead(status, { ...headers, 'content-type': isHtml ? 'text/html' : 'application/xml' });
  response.end(isHtml ? '<html><body><h1>Bad Gateway<br></body></html>' : code === undefined ? '' : error);
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64');
}
