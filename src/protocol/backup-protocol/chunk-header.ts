import { GraphkeepError } from '../../base/errors.ts';

/** Version of the framing itself (spec common-protocol 5). */
const INTERNAL_VERSION = 2;

/** 1 up to 3.0, 2 from 3.1 to 3.5 (spec common-protocol 5). */
const APPLICATION_VERSION = 2;

const MORE = 0x01;
const FAILURE = 0x02;

/**
 * The first two bytes of every payload (spec common-protocol 5):
 *
 * | byte | bits | meaning |
 * |---|---|---|
 * | 0 | 0 | 1 = more chunks of this message follow |
 * | 0 | 1 | 1 = the message is a failure |
 * | 0 | 2-6 | internal version = 2 |
 * | 0 | 7 | 0; ignored |
 * | 1 | | application version = 2 |
 */
export interface ChunkHeader {
  more: boolean;
  failure: boolean;
}

export function encodeChunkHeader(header: ChunkHeader, buffer: Uint8Array, offset: number): void {
  buffer[offset] = (header.more ? MORE : 0) | (header.failure ? FAILURE : 0) | (INTERNAL_VERSION << 2);
  buffer[offset + 1] = APPLICATION_VERSION;
}

/** Fills `header`; throws `peer.protocol` for any other version. */
export function decodeChunkHeader(header: ChunkHeader, flags: number, application: number): ChunkHeader {
  const internal = (flags >>> 2) & 0x1f;
  if (internal !== INTERNAL_VERSION || application !== APPLICATION_VERSION) {
    throw new GraphkeepError('peer.protocol', 'the peer speaks another version of the backup protocol', {
      observed: `version ${internal}.${application} instead of ${INTERNAL_VERSION}.${APPLICATION_VERSION}`,
      hint: 'graphkeep reads the common backup protocol of Neo4j 3.1 to 3.5. Check --from, --protocol and the version of the server.',
    });
  }
  header.more = (flags & MORE) !== 0;
  header.failure = (flags & FAILURE) !== 0;
  return header;
}
