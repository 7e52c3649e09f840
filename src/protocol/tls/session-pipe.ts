import { Duplex } from 'node:stream';

/** What a pipe is connected to; all of it is called no more after {@link SessionPipe.detach}. */
export interface PipeEnd {
  /** The session can take more bytes of the peer. */
  wantMore(): void;
  write(bytes: Buffer, done: (error?: Error | null) => void): void;
  /** The session has written all it has to say. */
  end(done: () => void): void;
  /** The session is over. */
  close(): void;
}

/**
 * What a TLS engine believes to be its connection. Once detached, the engine may do what it likes, a last farewell included: nothing
 * reaches the connection.
 */
export class SessionPipe extends Duplex {
  private far: PipeEnd | undefined;

  constructor(far: PipeEnd) {
    super({ allowHalfOpen: true });
    this.far = far;
  }

  detach(): void {
    this.far = undefined;
  }

  override _read(): void {
    this.far?.wantMore();
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.far === undefined) done();
    else this.far.write(bytes, done);
  }

  override _final(done: () => void): void {
    if (this.far === undefined) done();
    else this.far.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.far?.close();
    done(error);
  }
}
