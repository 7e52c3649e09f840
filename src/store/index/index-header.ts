import { GraphkeepError } from '../../base/errors.ts';

/** Index states; the position is the byte on disk. */
const STATES = ['failed', 'online', 'populating'] as const;
export type IndexState = (typeof STATES)[number];

/** Why an index counts as populating after a population that was cut off. */
const CUT_OFF = 'the server was stopped while it populated the index';

/** User header of an online part without settings: numbers, texts, temporal values. */
export const ONLINE_HEADER: Uint8Array = new Uint8Array([1]);

/**
 * State of a part, from the user header of its tree (spec trees-and-indexes 11): u8 0 failed, 1 online, 2 populating. After "failed": u16
 * length and the message in UTF-8. After other states: settings of points, which are kept as they are.
 *
 * A failure without a message is not a failure: 3.4 writes it when it is stopped while it populates the index.
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
