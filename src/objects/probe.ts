import { randomBytes } from 'node:crypto';
import { GraphkeepError, hasCode } from '../base/errors.ts';
import type { ObjectStore, StoreCapabilities } from './object-store.ts';
import { readWhole, sha256Of } from './whole-object.ts';

/**
 * Finds out what a store can do, by trying it, and tells the store: names of providers prove nothing, and some servers ignore the
 * conditions of a request. Writes two small objects under random keys (`lease/probe-...`), which are removed at the end. Versions and
 * object lock are not tried, since that would leave something behind: they stay as the store says.
 * @throws GraphkeepError if the store cannot even create, read, list and remove
 */
export async function probeStore(store: ObjectStore, signal: AbortSignal): Promise<StoreCapabilities> {
  const key = `lease/probe-${randomBytes(8).toString('hex')}`;
  const copied = `${key}-2`;
  const assumed = { ...store.capabilities };
  try {
    // What is known to be missing is not tried, but whether it is missing shows only now.
    const conditionalCreate = await triesToCreateTwice(store, key, signal);
    const conditionalReplace = assumed.conditionalReplace && (await triesToReplaceLate(store, key, signal));
    const serverSideCopy = assumed.serverSideCopy && (await triesToCopy(store, key, copied, signal));
    if (!serverSideCopy) await create(store, copied, 'second', signal);
    const startAfter = await startsAfter(store, key, copied, signal);
    store.capabilities = {
      ...store.capabilities,
      conditionalCreate: conditionalCreate && store.capabilities.conditionalCreate,
      conditionalReplace,
      serverSideCopy,
      // A store that passes over what it did not want to get notices that itself.
      startAfter: startAfter && store.capabilities.startAfter,
      storedChecksum: (await store.stat(key, signal))?.sha256 !== undefined,
    };
    return store.capabilities;
  } finally {
    await store.remove([key, copied], signal);
  }
}

async function create(store: ObjectStore, key: string, content: string, signal: AbortSignal): Promise<void> {
  const body = Buffer.from(content);
  await store.create(key, body, sha256Of(body), { lock: 'none' }, signal);
}

/** Whether the second creation is refused, and the first object stays. */
async function triesToCreateTwice(store: ObjectStore, key: string, signal: AbortSignal): Promise<boolean> {
  try {
    await create(store, key, 'first', signal);
  } catch (error) {
    if (!hasCode(error, 'object.unsupported')) throw error;
    store.capabilities = { ...store.capabilities, conditionalCreate: false };
    await create(store, key, 'first', signal);
    return false;
  }
  const isRefused = await refuses('object.exists', () => create(store, key, 'second', signal));
  const content = String(await readWhole(store, key, { mostBytes: 100 }, signal));
  if (content !== 'first' && content !== 'second') {
    throw new GraphkeepError('object.damaged', 'the store does not return what was written', {
      place: { object: `${store.address}/${key}` },
      observed: content,
    });
  }
  return isRefused && content === 'first';
}

/** Whether an object is replaced by who knows it, and not by who knows an earlier one. */
async function triesToReplaceLate(store: ObjectStore, key: string, signal: AbortSignal): Promise<boolean> {
  const first = (await store.stat(key, signal))?.etag;
  const replace = (content: string) => store.replace(key, Buffer.from(content), first, signal);
  try {
    await replace('third');
  } catch (error) {
    if (hasCode(error, 'object.unsupported', 'object.changed')) return false;
    throw error;
  }
  return await refuses('object.changed', () => replace('fourth'));
}

async function triesToCopy(store: ObjectStore, from: string, to: string, signal: AbortSignal): Promise<boolean> {
  if (store.copy === undefined) return false;
  try {
    await store.copy(from, to, signal);
    return true;
  } catch (error) {
    // Also where a rule allows new objects only under conditions that a copy cannot name.
    if (hasCode(error, 'object.unsupported', 'object.denied')) return false;
    throw error;
  }
}

async function startsAfter(store: ObjectStore, first: string, second: string, signal: AbortSignal): Promise<boolean> {
  for await (const { key } of store.list(first, first, signal)) return key === second;
  return false;
}

async function refuses(code: 'object.exists' | 'object.changed', call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return false;
  } catch (error) {
    if (hasCode(error, code)) return true;
    throw error;
  }
}
