import path from 'node:path';
import { copyStore } from './open-copy.ts';
import { makeScratch } from './scratch.ts';
import { launchServer, type RunningServer, type ServerOptions, type ServerPorts, startTimeoutMs } from './server.ts';

export interface MemberOptions extends Omit<ServerOptions, 'home' | 'heap' | 'startTimeoutMs'> {
  readonly name: string;
  readonly ports: ServerPorts;
}

/** One server of a group, over all its lives: home and ports stay the same. */
export class Member {
  private current: RunningServer | undefined;
  private readonly home: string;

  constructor(private readonly options: MemberOptions) {
    this.home = makeScratch(`${options.name}-${options.version}`);
  }

  get name(): string {
    return this.options.name;
  }

  /** The server of its current life. */
  get server(): RunningServer {
    if (this.current === undefined) throw new Error(`${this.name} was never started`);
    return this.current;
  }

  get isRunning(): boolean {
    return this.current?.running ?? false;
  }

  /** `host:port` of `dbms.backup.address`. */
  get backupAddress(): string {
    return `127.0.0.1:${this.options.ports.backup}`;
  }

  /** Gives it a copy of a closed store before its first start. */
  async seed(store: string): Promise<void> {
    await copyStore(store, path.join(this.home, 'data/databases/graph.db'));
  }

  /** Starts it and waits until it serves. */
  async start(): Promise<void> {
    if (this.isRunning) throw new Error(`${this.name} is running already`);
    this.current = await launchServer({ ...this.options, home: this.home, heap: '400m' });
    await this.current.waitUntilReady(startTimeoutMs);
  }

  /** Crash: SIGKILL, and wait for the end of the process. */
  async kill(): Promise<void> {
    await this.current?.kill();
  }

  /** Clean shutdown. */
  async stop(): Promise<void> {
    await this.current?.stop();
  }

  /** Its output in its current life. */
  console(): string {
    return `--- ${this.name}, backups at ${this.backupAddress}\n${this.current?.console() ?? 'never started\n'}`;
  }
}
