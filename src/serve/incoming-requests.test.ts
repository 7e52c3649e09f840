import { expect, test } from 'vitest';
import type { Conversation, Inquiry } from './conversation/conversation.ts';
import { IncomingRequests } from './incoming-requests.ts';

const inquiry: Inquiry = { request: 'part', answer: async () => {}, fail: async () => 'closes' };

/** Packed requests of one byte each, from a client whose first bytes are not those of a catchup client. */
function listen() {
  const told: string[] = [];
  const unpacked: { resolve: (bytes: Buffer) => void; reject: (error: Error) => void }[] = [];
  let fed = 0;
  const conversation: Conversation = {
    atMessageBoundary: true,
    unpack: undefined,
    feed: (bytes) => {
      fed += bytes.length;
    },
    next: () => {
      if (fed === 0) return undefined;
      fed--;
      return inquiry;
    },
    refuse: async () => undefined,
  };
  const incoming = new IncomingRequests({
    converse: () => conversation,
    onInquiry: () => told.push('inquiry'),
    onBegun: () => told.push('begun'),
    onNonsense: (error) => told.push(`nonsense: ${(error as Error).message}`),
    onFlood: () => told.push('flood'),
  });
  incoming.take(Buffer.of(1));
  Object.assign(conversation, {
    unpack: () => new Promise<Buffer>((resolve, reject) => unpacked.push({ resolve, reject })),
  });
  return { incoming, told, unpacked };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('packed requests are read one after the other', async () => {
  const { incoming, told, unpacked } = listen();
  incoming.next();
  incoming.take(Buffer.of(2));
  unpacked[0]!.resolve(Buffer.of(2));
  await settled();
  expect(told).toEqual(['inquiry', 'inquiry']);
});

test('a connection that has ended gets no more of what is still being unpacked', async () => {
  for (const settle of ['resolve', 'reject'] as const) {
    const { incoming, told, unpacked } = listen();
    incoming.next();
    incoming.take(Buffer.of(2));
    incoming.stop();
    if (settle === 'resolve') unpacked[0]!.resolve(Buffer.of(2));
    else unpacked[0]!.reject(new Error('torn'));
    incoming.take(Buffer.alloc(1 << 20));
    await settled();
    expect(told).toEqual(['inquiry']);
  }
});
