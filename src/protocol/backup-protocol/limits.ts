/** Limits of the common protocol. Every length from a peer is checked against one of them before it is used. */

/** Largest payload of a frame on both sides; a real client fails at one byte more (spec common-protocol 4). */
export const MAX_FRAME_PAYLOAD = 4 * 1024 * 1024;

/** The chunk header, and so the shortest payload (spec common-protocol 4, 5). */
export const MIN_FRAME_PAYLOAD = 2;

/** Data bytes of a full file block (spec common-protocol 9). */
export const BLOCK_DATA = 255;

/** A full file block on the wire: the length byte and the data. */
export const BLOCK_SIZE = BLOCK_DATA + 1;

/** Consecutive chunks without a body. Real peers send none; without a limit they could keep a reader busy for ever. */
export const MAX_EMPTY_CHUNKS = 1000;

/** File name in UTF-16 units. Real names are far shorter, including explicit indexes named by users. */
export const MAX_NAME_UNITS = 1024;

/** Record size. Dynamic stores have the largest records; their 24-bit length field bounds the block size. */
export const MAX_ALIGNMENT = 1 << 24;

/** Bytes of a failure that are kept; real ones have 1 to 3 KB. The rest is dropped. */
export const MAX_FAILURE_BYTES = 1 << 20;

/** Body bytes of a request: 33 or 34 are used, the rest is ignored (spec common-protocol 6), within reason. */
export const MAX_REQUEST_BODY = 4096;
