/** For the few bytes of a key, a loop is faster than a call into the runtime. */
export function copyInto(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, count: number): void {
  if (count > 64) {
    to.set(from.subarray(fromAt, fromAt + count), toAt);
    return;
  }
  for (let i = 0; i < count; i++) to[toAt + i] = from[fromAt + i]!;
}
