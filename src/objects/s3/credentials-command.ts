import { execFile } from 'node:child_process';
import { GraphkeepError } from '../../base/errors.ts';
import { systemCodeOf } from '../../base/file-errors.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Credentials that expire so soon are replaced before a request, so that they last for it. */
const RESERVE_MS = 60_000;
const USUAL_LIMIT_MS = 30_000;
const MOST_BYTES = 1 << 20;

/**
 * Credentials from a program: `argv`, run without a shell, prints JSON as `credential_process` of the AWS tools does (`Version` 1,
 * `AccessKeyId`, `SecretAccessKey`, `SessionToken`, `Expiration`). It runs again when they are about to expire. Nothing that it prints is
 * ever shown.
 */
export class CredentialsCommand {
  private readonly argv: readonly string[];
  private readonly limitMs: number;
  private readonly now: () => number;
  private known: S3Credentials | undefined;
  /** Requests at the same time wait for one run. */
  private running: Promise<S3Credentials> | undefined;

  constructor(argv: readonly string[], { limitMs = USUAL_LIMIT_MS, now = Date.now } = {}) {
    this.argv = argv;
    this.limitMs = limitMs;
    this.now = now;
  }

  /** @throws GraphkeepError `object.credentials` */
  async provide(): Promise<S3Credentials> {
    if (this.known !== undefined && !this.expiresWithin(this.known, RESERVE_MS)) return this.known;
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
    this.known = await this.running;
    return this.known;
  }

  private expiresWithin({ expiration }: S3Credentials, spanMs: number): boolean {
    return expiration !== undefined && expiration.getTime() - this.now() <= spanMs;
  }

  private async run(): Promise<S3Credentials> {
    const credentials = this.parse(await this.execute());
    if (this.expiresWithin(credentials, 0)) {
      throw this.failure('the credentials have expired already', credentials.expiration?.toISOString());
    }
    return credentials;
  }

  private async execute(): Promise<string> {
    const [program, ...args] = this.argv;
    if (program === undefined) throw this.failure('it is empty');
    const options = { timeout: this.limitMs, maxBuffer: MOST_BYTES, killSignal: 'SIGKILL', windowsHide: true } as const;
    return await new Promise((resolve, reject) => {
      execFile(program, args, options, (error, stdout) => {
        if (error === null) resolve(stdout);
        else if (error.killed) reject(this.failure('it did not end in time', `${this.limitMs} ms`));
        else reject(this.failure('it failed', systemCodeOf(error) ?? `exit code ${error.code ?? error.signal}`));
      });
    });
  }

  private parse(text: string): S3Credentials {
    let printed: Record<string, unknown>;
    try {
      printed = JSON.parse(text) as Record<string, unknown>;
    } catch {
      // The error of Node quotes the text.
      throw this.failure('it printed something else than JSON');
    }
    if (printed === null || typeof printed !== 'object' || printed.Version !== 1) {
      throw this.failure('it printed no JSON object with "Version": 1');
    }
    const read = (name: string): string | undefined => {
      const value = printed[name];
      if (value === undefined || value === null) return undefined;
      if (typeof value !== 'string' || value === '') throw this.failure(`"${name}" is not a text`);
      return value;
    };
    const accessKeyId = read('AccessKeyId');
    const secretAccessKey = read('SecretAccessKey');
    if (accessKeyId === undefined) throw this.failure('"AccessKeyId" is missing');
    if (secretAccessKey === undefined) throw this.failure('"SecretAccessKey" is missing');
    const sessionToken = read('SessionToken');
    const expires = read('Expiration');
    const expiration = expires === undefined ? undefined : new Date(expires);
    if (Number.isNaN(expiration?.getTime())) throw this.failure('"Expiration" is not a time');
    return {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      ...(expiration === undefined ? {} : { expiration }),
    };
  }

  private failure(what: string, observed?: string): GraphkeepError {
    return new GraphkeepError('object.credentials', `the credentials command gave no credentials: ${what}`, {
      place: { file: this.argv[0] ?? '' },
      ...(observed === undefined ? {} : { observed }),
      hint: 'Run the credentials command by hand, as the same user, and look at what it prints.',
    });
  }
}
