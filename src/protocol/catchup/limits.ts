/** Limits of the catchup protocol. Every length and count from a peer is checked against one of them before it is used. */

/** Payload of a handshake frame. Real ones have less than 100 bytes. */
export const MAX_HANDSHAKE_FRAME = 8192;

/** Messages of one side during a handshake; real clients send 3 or 4. */
export const MAX_HANDSHAKE_MESSAGES = 64;

/** Payload of a type frame or of a request body; a name is the longest part. */
export const MAX_REQUEST_FRAME = 8192;

/** Consecutive unknown types that a server ignores (spec catchup-protocol 14). Without a limit they could keep it busy for ever. */
export const MAX_UNKNOWN_TYPES = 1000;

/** File name in UTF-8 bytes. Real names are far shorter, including explicit indexes named by users. */
export const MAX_NAME_BYTES = 4096;

/** Record size. Dynamic stores have the largest records; their 24-bit length field bounds the block size. */
export const MAX_ALIGNMENT = 1 << 24;

/** Data bytes of every file chunk except the last (spec catchup-protocol 8.1). */
export const CHUNK_DATA = 8192;

/** A real server's response to a prepare request is never larger (spec catchup-protocol 10). */
export const MAX_PREPARED_FRAME = 2 * 1024 * 1024;

/** Length of a frame: an i32 that is never negative (spec catchup-protocol 4). */
export const MAX_FRAME_PAYLOAD = 0x7fff_ffff;
