/** Sizes of sealed objects (spec repository-objects 1). What a reader accepts is a little more than what a writer makes. */

/** Plain bytes of a zstd frame. */
export const FRAME_BYTES = 1024 * 1024;

/** The most plain bytes of an object that a writer makes. */
export const MOST_PLAIN_BYTES = 16 * 1024 * 1024;

/** Room for an object of so many plain bytes that cannot be compressed, with the longest header. */
export const OBJECT_ROOM_BYTES = Math.floor(16.2 * 1024 * 1024);

/** The most bytes of an object that a reader accepts, both sealed and plain: 17 MiB and 1 %. */
export const MOST_OBJECT_BYTES = Math.floor(17 * 1024 * 1024 * 1.01);
