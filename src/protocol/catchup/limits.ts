/** Limits of the catchup protocol. Every length and count that a peer sends is checked against one of them before it is used. */

/** Payload of a handshake frame. Real ones stay below 100 bytes. */
export const MAX_HANDSHAKE_FRAME = 8192;

/** Messages of one side during a handshake; real clients send 3 or 4. */
export const MAX_HANDSHAKE_MESSAGES = 64;

/** Payload of a type frame or of the body of a request: a name is the longest part. */
export const MAX_REQUEST_FRAME = 8192;

/** Types in a row that a server ignores (spec catchup-protocol 14). Without a limit they would keep it awake for ever. */
export const MAX_UNKNOWN_TYPES = 1000;

/** UTF-8 bytes of a file name. Real names stay far below, user-named explicit indexes included. */
export const MAX_NAME_BYTES = 4096;

/** Dynamic stores have the largest records; their 24-bit length field bounds the block size. */
export const MAX_ALIGNMENT = 1 << 24;

/** Data bytes of every chunk of a file but the last (spec catchup-protocol 8.1). */
export const CHUNK_DATA = 8192;

/** A real server builds no larger response to a prepare request (spec catchup-protocol 10). */
export const MAX_PREPARED_FRAME = 2 * 1024 * 1024;

/** Length of a frame: an i32 that is never negative (spec catchup-protocol 4). */
export const MAX_FRAME_PAYLOAD = 0x7fff_ffff;
