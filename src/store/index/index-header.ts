import { GraphkeepError } from '../../base/errors.ts';

/** States of an index, by the byte that stands for them. */
const STATES = ['failed', 'online', 'populating'] as const;
export type IndexState = (typeof STATES)[number];

/** What is wrong with an index that nobody will populate again. */
const CUT_OFF = 'the server was stopped while it populated the index';

/** User header of a part that is online and has no settings: numbers, texts, temporal values. */
export const ONLINE_HEADER: Uint8Array = new Uint8Array([1]);

/**
 * State of a part from the user header of its tree (spec trees-and-indexes 11): u8 0 failed, 1 online, 2 populating; if failed u16 length
 * and the message in UTF-8. Settings of points follow in the other states; they are kept as they are.
 *
 * A failure without a message is none: 3.4 writes it when it is stopped while it populates the index.
 */
export function decodeIndexHeader(header: Uint8Array, file: string): { state: IndexState; failure?: string } {
  const state = STATES[header[0] ?? -1];
  if (state === undefined) {
    throw new GraphkeepError('file.corrupt', 'unknown state of an index', {
      place: { file },
      observed: header[0] ?? 'empty header',
    });
  }
  if (state !== 'failed') return { state };
  const length = header.length < 3 ? 0 : (header[1]! << 8) | header[2]!;
  const failure = Buffer.from(header.subarray(3, 3 + length)).toString('utf8');
  return failure === '' ? { state: 'populating', failure: CUT_OFF } : { state, failure };
}
