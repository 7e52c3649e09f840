/** Limits of the common protocol. Every length that a peer sends is checked against one of them before it is used. */

/** Largest payload of a frame, on both sides; a real client fails at one byte more (spec common-protocol 4). */
export const MAX_FRAME_PAYLOAD = 4 * 1024 * 1024;

/** The chunk header: no payload can be shorter (spec common-protocol 4, 5). */
export const MIN_FRAME_PAYLOAD = 2;

/** Data bytes of a full file block (spec common-protocol 9). */
export const BLOCK_DATA = 255;

/** A full file block on the wire: the length byte and the data. */
export const BLOCK_SIZE = BLOCK_DATA + 1;

/** Chunks without a body in a row. Real peers send none; without a limit they would keep a reader awake for ever. */
export const MAX_EMPTY_CHUNKS = 1000;

/** UTF-16 units of a file name. Real names stay far below, user-named explicit indexes included. */
export const MAX_NAME_UNITS = 1024;

/** Dynamic stores have the largest records; their 24-bit length field bounds the block size. */
export const MAX_ALIGNMENT = 1 << 24;

/** Bytes of a failure that are kept for reading; real ones have 1 to 3 KB. What comes behind is dropped. */
export const MAX_FAILURE_BYTES = 1 << 20;

/** Body bytes of a request: 33 or 34 are used, what follows is ignored (spec common-protocol 6), within reason. */
export const MAX_REQUEST_BODY = 4096;
