import { expect, test } from 'vitest';
import { CheckPointGate } from './check-point-gate.ts';

/** A gate whose check points end when the test says so; `log` records what happened, in order. */
function makeGate(patienceMs?: number) {
  const log: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  let count = 0;
  const gate = new CheckPointGate(() => {
    const number = ++count;
    log.push(`begin ${number}`);
    return new Promise<number>((resolve, reject) => {
      ends.push((error) => {
        log.push(`end ${number}`);
        if (error === undefined) resolve(number);
        else reject(error);
      });
    });
  }, patienceMs);
  return { gate, log, ends };
}

/** Lets everything happen that does not wait for the test. */
const settle = () => new Promise(setImmediate);

test('requests made together share one check point; one made while it runs gets the next', async () => {
  const { gate, log, ends } = makeGate();
  const together = [gate.request(), gate.request()];
  await settle();
  const later = gate.request();
  await settle();
  expect(log).toEqual(['begin 1']);
  ends[0]!();
  expect(await Promise.all(together)).toEqual([1, 1]);
  await settle();
  ends[1]!();
  expect(await later).toBe(2);
});

test('a holder joins a running check point, others join the holder, and no further one runs until all release', async () => {
  const { gate, log, ends } = makeGate();
  const request = gate.request();
  await settle();
  const holding = gate.hold();
  ends[0]!();
  const first = await holding;
  await request;
  const second = await gate.hold();
  expect([first.value, second.value]).toEqual([1, 1]);
  const next = gate.request();
  await settle();
  first.release();
  first.release();
  await settle();
  expect(log).toEqual(['begin 1', 'end 1']);
  second.release();
  await settle();
  expect(log).toEqual(['begin 1', 'end 1', 'begin 2']);
  ends[1]!();
  expect(await next).toBe(2);
});

test('a request is satisfied by the check point of a holder that begins after it', async () => {
  const { gate, log, ends } = makeGate();
  const request = gate.request();
  const holding = gate.hold();
  ends[0]!();
  expect(await request).toBe(1);
  (await holding).release();
  await settle();
  expect(log).toEqual(['begin 1', 'end 1']);
});

test('holders that come at any moment never see a check point begin', async () => {
  const { gate, log, ends } = makeGate();
  const holders: Promise<{ release(): void }>[] = [];
  const request = gate.request();
  for (let turn = 0; turn < 12; turn++) {
    holders.push(gate.hold());
    void gate.request().catch(() => {});
    if (turn === 5) ends[0]!();
    await Promise.resolve();
  }
  await request;
  const held = await Promise.all(holders);
  expect(log).toEqual(['begin 1', 'end 1']);
  for (const { release } of held) release();
  await settle();
  expect(log).toEqual(['begin 1', 'end 1', 'begin 2']);
  ends[1]!();
});

test('a check point that has waited long goes before new holders, who share it', async () => {
  const { gate, log, ends } = makeGate(0);
  const first = gate.hold();
  ends[0]!();
  const { release } = await first;
  const waiting = gate.request();
  const late = [gate.hold(), gate.hold(), gate.hold(AbortSignal.abort())];
  await expect(late[2]).rejects.toMatchObject({ code: 'cancelled' });
  await settle();
  expect(log).toEqual(['begin 1', 'end 1']);
  release();
  await settle();
  ends[1]!();
  expect(await waiting).toBe(2);
  const held = [await late[0]!, await late[1]!];
  expect(held.map(({ value }) => value)).toEqual([2, 2]);
  for (const { release: letGo } of held) letGo();
  expect(log).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
});

test('a chain of holders is joined as long as the waiting check point has patience', async () => {
  const { gate, log, ends } = makeGate(60_000);
  const first = gate.hold();
  ends[0]!();
  let { release } = await first;
  const waiting = gate.request();
  for (let i = 0; i < 5; i++) {
    const next = await gate.hold();
    release();
    ({ release } = next);
  }
  await settle();
  expect(log).toEqual(['begin 1', 'end 1']);
  release();
  await settle();
  ends[1]!();
  expect(await waiting).toBe(2);
});

test('a holder that gives up holds nothing', async () => {
  const { gate, log, ends } = makeGate();
  const controller = new AbortController();
  const holding = gate.hold(controller.signal);
  await settle();
  controller.abort();
  await expect(holding).rejects.toMatchObject({ code: 'cancelled' });
  const next = gate.request();
  await settle();
  expect(log).toEqual(['begin 1']);
  ends[0]!();
  await settle();
  ends[1]!();
  expect(await next).toBe(2);
});

test('a failed check point is reported to all who wait for it, and holds nothing', async () => {
  const { gate, ends } = makeGate();
  const waiting = [gate.request(), gate.hold(), gate.hold()];
  ends[0]!(new Error('disk'));
  for (const outcome of await Promise.allSettled(waiting)) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'disk' } });
  }
  await gate.whenIdle();
});

test('waiting for idleness ends with the signal', async () => {
  const { gate, ends } = makeGate();
  const holding = gate.hold();
  await settle();
  ends[0]!();
  const { release } = await holding;
  await expect(gate.whenIdle(AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  const idle = gate.whenIdle();
  release();
  await idle;
});

test('stopping the gate ends all waits, but waits for the current check point', async () => {
  const { gate, log, ends } = makeGate();
  const running = gate.request();
  await settle();
  const waiting = gate.request();
  const stopping = gate.stop(new Error('closed'));
  await expect(waiting).rejects.toThrow('closed');
  let isStopped = false;
  void stopping.then(() => {
    isStopped = true;
  });
  await settle();
  expect(isStopped).toBe(false);
  ends[0]!();
  await stopping;
  expect(await running).toBe(1);
  await expect(gate.request()).rejects.toThrow('closed');
  await expect(gate.hold()).rejects.toThrow('closed');
  expect(log).toEqual(['begin 1', 'end 1']);
});
