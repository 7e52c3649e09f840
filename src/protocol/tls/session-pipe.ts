import { Duplex } from 'node:stream';

/** Callbacks of a pipe; none is called after {@link SessionPipe.detach}. */
export interface PipeEnd {
  /** The session can accept more bytes from the peer. */
  wantMore(): void;
  write(bytes: Buffer, done: (error?: Error | null) => void): void;
  /** The session has written everything. */
  end(done: () => void): void;
  /** The session is over. */
  close(): void;
}

/**
 * The stream that a TLS engine sees as its connection. After it is detached, nothing that the engine writes reaches the connection, not
 * even a last close_notify.
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
