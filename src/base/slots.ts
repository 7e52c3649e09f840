/** Does some work for each item, a few at a time, in any order. After a failure nothing more begins; it is thrown once all has ended. */
export async function workInSlots<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  slots: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  try {
    for await (const item of items) {
      while (running.size >= slots) await Promise.race(running);
      if (failure !== undefined) break;
      const done = work(item)
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => running.delete(done));
      running.add(done);
    }
  } finally {
    await Promise.all(running);
  }
  if (failure !== undefined) throw failure.error;
}

/**
 * Prepares things a few at a time, and delivers them in their order, one after the other. After a failure nothing more begins; it is thrown
 * once all has ended.
 * @param discard gets what was prepared and is not delivered any more
 */
export async function deliverInOrder<Item, Ready>(
  items: Iterable<Item> | AsyncIterable<Item>,
  slots: number,
  prepare: (item: Item) => Promise<Ready>,
  deliver: (ready: Ready, item: Item) => Promise<void>,
  discard: (ready: Ready) => void = () => {},
): Promise<void> {
  const waiting: { item: Item; ready: Promise<Ready> }[] = [];
  const deliverFirst = async (): Promise<void> => {
    const { item, ready } = waiting.shift()!;
    await deliver(await ready, item);
  };
  try {
    for await (const item of items) {
      if (waiting.length >= slots) await deliverFirst();
      const ready = prepare(item);
      // An error is thrown when its turn comes.
      ready.catch(() => {});
      waiting.push({ item, ready });
    }
    while (waiting.length > 0) await deliverFirst();
  } finally {
    for (const { ready } of waiting) await ready.then(discard, () => {});
  }
}
