import { rmSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { SslPolicy } from '../../../src/config/ssl-policy/ssl-policy.ts';
import { loadSslPolicy } from '../../../src/config/ssl-policy/ssl-policy-loading.ts';
import { type Channel, type ChannelOptions, openChannel } from '../../../src/protocol/tls/channel.ts';
import { layOutPolicy, type PolicyFiles } from '../corpus/test-certificates.ts';
import type { TappedWire } from './tapped-wire.ts';

/** Longest wait of a test for a handshake that should succeed or fail at once. */
const TIMEOUT_MS = 20_000;

export async function loadPolicy(files: PolicyFiles, policySettings: Record<string, string> = {}): Promise<SslPolicy> {
  const { config } = layOutPolicy(files, policySettings);
  // By then all of it is in memory.
  return loadSslPolicy(config, 'backup').finally(() => rmSync(config.home, { recursive: true }));
}

export type SideOptions = Pick<ChannelOptions, 'policy'> & Partial<ChannelOptions>;

export function openClient(wire: TappedWire, options: SideOptions): Promise<Channel> {
  return openChannel(wire.client, { role: 'client', peer: 'server:6362', timeoutMs: TIMEOUT_MS, ...options });
}

export function openServer(wire: TappedWire, options: SideOptions): Promise<Channel> {
  return openChannel(wire.server, { role: 'server', peer: 'client:5000', timeoutMs: TIMEOUT_MS, ...options });
}

/** Reads exactly this many bytes in paused mode; rejects if the stream fails or ends before. */
export function readExactly(stream: Duplex, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let missing = count;
    const stop = () => {
      stream.off('readable', read).off('error', fail).off('end', ended).off('close', ended);
    };
    const fail = (error: Error) => {
      stop();
      reject(error);
    };
    const ended = () => fail(new Error(`the stream ended, ${missing} bytes before its time`));
    const read = () => {
      while (missing > 0) {
        const part = stream.read(Math.min(missing, Math.max(stream.readableLength, 1))) as Buffer | null;
        if (part === null) return;
        missing -= part.length;
        parts.push(part);
      }
      stop();
      resolve(Buffer.concat(parts));
    };
    stream.on('readable', read).on('error', fail).on('end', ended).on('close', ended);
    read();
  });
}

/** Resolves when the system has accepted all of it. */
export function writeAll(stream: Duplex, bytes: Buffer | string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** The client's half of: request, response, switch-over, a body in both directions. Returns what came. */
export async function talkAsClient(channel: Channel, body: Buffer): Promise<Buffer> {
  await Promise.all([readExactly(channel.stream, 'response'.length), writeAll(channel.stream, 'request')]);
  return exchangeBodies(await channel.switchOver(), body);
}

export async function talkAsServer(channel: Channel, body: Buffer): Promise<Buffer> {
  await readExactly(channel.stream, 'request'.length);
  channel.stream.write('response');
  return exchangeBodies(await channel.switchOver(), body);
}

async function exchangeBodies(stream: Duplex, body: Buffer): Promise<Buffer> {
  const [received] = await Promise.all([readExactly(stream, body.length), writeAll(stream, body)]);
  return received;
}

/** Runs both ends concurrently and returns the two results, including failures. */
export async function converse(
  wire: TappedWire,
  client: SideOptions,
  server: SideOptions,
  body: Buffer = Buffer.from('body'),
): Promise<[PromiseSettledResult<Buffer>, PromiseSettledResult<Buffer>]> {
  return Promise.allSettled([
    openClient(wire, client).then((channel) => talkAsClient(channel, body)),
    openServer(wire, server).then((channel) => talkAsServer(channel, body)),
  ]);
}
