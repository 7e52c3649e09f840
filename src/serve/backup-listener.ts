import { createServer, type Server, type Socket } from 'node:net';
import { GraphkeepError } from '../base/errors.ts';
import { systemCodeOf } from '../base/file-errors.ts';
import { startTimer } from '../base/timers.ts';
import type { SslPolicy } from '../config/ssl-policy/ssl-policy.ts';
import { CopyLeases } from './catchup/copy-leases.ts';
import { ClientConnection } from './client-connection.ts';
import type { ListenerEvent } from './conversation/listener-events.ts';
import {
  DEFAULT_LIMITS,
  type ListenAddress,
  type ListenerLimits,
  type ListenerOptions,
} from './conversation/listener-options.ts';
import type { ServedPlace } from './database/served-database.ts';
import { cannotListen } from './listen-errors.ts';

export type { ListenerEvent } from './conversation/listener-events.ts';
export type { ListenerOptions } from './conversation/listener-options.ts';

/** Maximum number of refused connections that are being told why; further ones are dropped silently. */
const MOST_REFUSED = 64;

/**
 * Serves a database to backup clients, ours and the Java one, in whichever protocol the client speaks: that of standalone instances (spec
 * common-protocol 14, 16) or that of cluster members (spec catchup-protocol 18). Neither has user authentication: without a TLS policy,
 * anyone who can connect can read everything.
 */
export class BackupListener {
  readonly address: { host: string; port: number };
  private readonly place: ServedPlace;
  private readonly limits: ListenerLimits;
  private readonly sslPolicy: SslPolicy | undefined;
  private readonly compression: readonly string[];
  private readonly leases = new CopyLeases();
  private readonly onEvent: (event: ListenerEvent) => void;
  private readonly server: Server;
  private readonly connections = new Set<ClientConnection>();
  private readonly refused = new Set<ClientConnection>();
  private stopping: Promise<void> | undefined;
  private onAllClosed: (() => void) | undefined;

  private constructor(place: ServedPlace, options: ListenerOptions, server: Server) {
    this.place = place;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.sslPolicy = options.sslPolicy;
    this.compression = options.compression ?? [];
    this.onEvent = options.onEvent ?? (() => {});
    this.server = server;
    const bound = server.address();
    if (bound === null || typeof bound === 'string')
      throw new GraphkeepError('internal', 'the listener has no address');
    this.address = { host: bound.address, port: bound.port };
    server.on('connection', (socket) => this.accept(socket));
    server.on('error', (error) => this.onEvent({ kind: 'trouble', error }));
  }

  /**
   * Listens on the first free port of the range.
   * @throws GraphkeepError `serve.address` with the range and the cause
   */
  static async start(place: ServedPlace, options: ListenerOptions): Promise<BackupListener> {
    return new BackupListener(place, options, await listenOnFirstFree(options.listen));
  }

  /** Number of connected clients. */
  get clients(): number {
    return this.connections.size;
  }

  /**
   * Stops accepting clients, lets current answers finish within the grace time, then cuts off the rest. Resolves when every connection is
   * closed and everything of the database is released.
   */
  stop(): Promise<void> {
    this.stopping ??= this.stopNow();
    return this.stopping;
  }

  private async stopNow(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const connection of this.refused) connection.finish();
    this.finishAll();
    this.leases.onNoneHeld = () => this.finishAll();
    const grace = startTimer(() => this.cutAll(), this.limits.stopGraceMs);
    if (this.connections.size + this.refused.size > 0) {
      await new Promise<void>((resolve) => {
        this.onAllClosed = resolve;
      });
    }
    clearTimeout(grace);
    await closed;
    this.leases.closeAll();
  }

  private finishAll(): void {
    for (const connection of this.connections) connection.finish();
  }

  private cutAll(): void {
    for (const connection of this.connections) {
      connection.cut(
        new GraphkeepError('cancelled', 'the listener was stopped, and the grace time is over', {
          place: { peer: connection.peer },
        }),
      );
    }
  }

  private accept(socket: Socket): void {
    if (this.stopping !== undefined) {
      socket.destroy();
      return;
    }
    const refusal = this.findRefusal(socket.remoteAddress ?? 'unknown');
    const isTooMany = refusal !== undefined;
    const group = isTooMany ? this.refused : this.connections;
    if (isTooMany && group.size >= MOST_REFUSED) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    const connection = new ClientConnection(socket, {
      place: this.place,
      limits: this.limits,
      leases: this.leases,
      sslPolicy: this.sslPolicy,
      compression: this.compression,
      onEvent: this.onEvent,
      onClosed: () => this.forget(group, connection),
    });
    group.add(connection);
    if (refusal === undefined) connection.start();
    else connection.refuse(refusal);
  }

  /** Why a further client from this address is not served. */
  private findRefusal(host: string): GraphkeepError | undefined {
    const { maxConnections, maxPerPeer } = this.limits;
    if (this.connections.size >= maxConnections) {
      return new GraphkeepError('serve.too-many-clients', 'too many clients are connected, try again later', {
        observed: `limit ${maxConnections}`,
      });
    }
    const fromThere = [...this.connections].filter((connection) => connection.host === host).length;
    if (fromThere < maxPerPeer) return undefined;
    return new GraphkeepError(
      'serve.too-many-clients',
      'too many clients are connected from this address, try again later',
      {
        observed: `limit ${maxPerPeer}`,
        hint: 'Wait until a client has ended, or raise graphkeep.serve.max_connections_per_peer.',
      },
    );
  }

  private forget(group: Set<ClientConnection>, connection: ClientConnection): void {
    group.delete(connection);
    if (this.connections.size + this.refused.size === 0) this.onAllClosed?.();
  }
}

async function listenOnFirstFree(address: ListenAddress): Promise<Server> {
  const { host, port, lastPort = port } = address;
  let failure: unknown;
  for (let candidate = port; candidate <= Math.max(port, lastPort); candidate++) {
    try {
      return await listen(host, candidate);
    } catch (error) {
      failure = error;
      // If the host is not ours, another port does not help.
      if (!['EADDRINUSE', 'EACCES'].includes(systemCodeOf(error) ?? '')) break;
    }
  }
  throw cannotListen(address, failure);
}

function listen(host: string | undefined, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    // Stays registered: it does nothing after the start, but without any listener an error would end the process.
    server.on('error', reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => resolve(server));
  });
}
