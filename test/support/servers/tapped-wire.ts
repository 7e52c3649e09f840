import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Damage {
  at: number;
  /** Not 0. */
  xor: number;
}

export interface WireOptions {
  /** Cut the connection in both directions when this many bytes have gone in this direction. */
  cutToServerAt?: number;
  cutToClientAt?: number;
  /** Changes one byte on its way. */
  damageToServer?: Damage;
  damageToClient?: Damage;
  /** Decides per direction how many of the waiting bytes are sent on; the rest waits for more. Default: all. */
  gatherToServer?: (waiting: Buffer) => number;
}

/** A client and a server socket with an observer between them, which records what passes. */
export interface TappedWire {
  client: Socket;
  server: Socket;
  /** All bytes so far. */
  toServer(): Buffer;
  toClient(): Buffer;
  close(): void;
}

/** The sockets are paused until somebody reads. */
export async function openTappedWire(options: WireOptions = {}): Promise<TappedWire> {
  const listener = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const proxy = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const sockets: Socket[] = [];
  const keep = (socket: Socket): Socket => {
    sockets.push(socket.setNoDelay(true).on('error', () => {}));
    return socket;
  };
  const arrivals = { near: once(proxy, 'connection'), far: once(listener, 'connection') };
  const client = keep(connect((proxy.address() as AddressInfo).port, '127.0.0.1'));
  const near = keep(((await arrivals.near) as [Socket])[0]);
  const far = keep(connect((listener.address() as AddressInfo).port, '127.0.0.1'));
  const server = keep(((await arrivals.far) as [Socket])[0]);
  if (client.connecting) await once(client, 'connect');
  listener.close();
  proxy.close();
  const toServer = forward(near, far, options.cutToServerAt, options.damageToServer, options.gatherToServer);
  const toClient = forward(far, near, options.cutToClientAt, options.damageToClient);
  return {
    client,
    server,
    toServer: () => Buffer.concat(toServer),
    toClient: () => Buffer.concat(toClient),
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function forward(
  from: Socket,
  to: Socket,
  cutAt = Number.POSITIVE_INFINITY,
  damage?: Damage,
  gather?: (waiting: Buffer) => number,
) {
  const passed: Buffer[] = [];
  let count = 0;
  let waiting: Buffer = Buffer.alloc(0);
  from.on('data', (bytes) => {
    waiting = Buffer.concat([waiting, bytes]);
    const ready = Math.min(gather?.(waiting) ?? waiting.length, cutAt - count);
    if (ready > 0) {
      const piece = waiting.subarray(0, ready);
      waiting = waiting.subarray(ready);
      const at = damage === undefined ? -1 : damage.at - count;
      if (at >= 0 && at < ready) piece[at]! ^= damage!.xor;
      count += ready;
      passed.push(piece);
      if (!to.write(piece)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    }
    if (count >= cutAt) {
      from.destroy();
      // What was sent before the cut arrives.
      to.destroySoon();
    }
  });
  from.resume();
  from.on('end', () => to.end());
  from.on('close', () => to.destroySoon());
  return passed;
}

export interface WireRecord {
  at: number;
  type: number;
  length: number;
}

/** TLS records of one direction; throws where there is something else. */
export function listRecords(bytes: Buffer): WireRecord[] {
  const records: WireRecord[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 5 > bytes.length) throw new Error(`part of a record at ${at}`);
    const [type, major] = [bytes[at]!, bytes[at + 1]!];
    const length = bytes.readUInt16BE(at + 3);
    if (type < 20 || type > 23 || major !== 3 || at + 5 + length > bytes.length) throw new Error(`no record at ${at}`);
    records.push({ at, type, length });
    at += 5 + length;
  }
  return records;
}
