import { createServer } from 'node:net';

/** Below the range that Linux uses for outgoing connections, one of which could take a port before its server does. */
const lowest = 12_000;
const highest = 31_999;
const tries = 1000;

/** Already handed out in this process: their servers may not listen yet. */
const given = new Set<number>();

/** Concurrent test files use disjoint ports: every other one. */
const turn = Number(process.env.VITEST_POOL_ID ?? 0) % 2;

/** Ports on which nobody listened a moment ago; never the same one twice. */
export async function findFreePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await findFreePort());
  return ports;
}

async function findFreePort(): Promise<number> {
  for (let i = 0; i < tries; i++) {
    const port = lowest + 2 * Math.floor((Math.random() * (highest - lowest + 1)) / 2) + turn;
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${lowest} and ${highest}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
