import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Child, startProcess } from './child-process.ts';
import { fetchProgram } from './installation.ts';
import { findFreePorts } from './ports.ts';
import { makeScratch } from './scratch.ts';

/** An S3 server of others that keeps objects as files, as an ordinary Maven artifact. Test use only; never shipped. */
const COORDINATES = 'org.gaul:s3proxy:4.1.0:jar:jar-with-dependencies';

/** Small and quick to start. */
const JAVA_FLAGS = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx256m'];
const START_MS = 60_000;

export function fetchS3Proxy(): Promise<string> {
  return fetchProgram(COORDINATES);
}

/** The server, with one bucket, on an address that only this machine reaches. */
export class S3Proxy {
  readonly bucket = 'bucket';
  readonly endpoint: string;
  /** Credentials that it accepts. */
  readonly key = { accessKeyId: 'test-key', secretAccessKey: 'test-secret' };
  private readonly child: Child;
  private output = '';

  private constructor(endpoint: string, child: Child) {
    this.endpoint = endpoint;
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (this.output += chunk));
  }

  static async start(): Promise<S3Proxy> {
    const jar = await fetchS3Proxy();
    const directory = makeScratch('s3proxy');
    const [port] = await findFreePorts(1);
    const endpoint = `http://127.0.0.1:${port}`;
    const settings = path.join(directory, 's3proxy.conf');
    const buckets = path.join(directory, 'buckets');
    await mkdir(path.join(buckets, 'bucket'), { recursive: true });
    const lines = [
      's3proxy.authorization=aws-v2-or-v4',
      's3proxy.identity=test-key',
      's3proxy.credential=test-secret',
      `s3proxy.endpoint=${endpoint}`,
      'jclouds.provider=filesystem-nio2',
      `jclouds.filesystem.basedir=${buckets}`,
    ];
    await writeFile(settings, `${lines.join('\n')}\n`);
    const child = startProcess('java', [...JAVA_FLAGS, '-jar', jar, '--properties', settings]);
    const server = new S3Proxy(endpoint, child);
    await server.untilItListens(port!);
    return server;
  }

  private async untilItListens(port: number): Promise<void> {
    const deadline = Date.now() + START_MS;
    while (!(await accepts(port))) {
      if (this.child.exitCode !== null || Date.now() > deadline)
        throw new Error(`s3proxy does not start\n${this.output}`);
      await wait(50);
    }
  }

  async stop(): Promise<void> {
    const end = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGKILL');
    await end;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
