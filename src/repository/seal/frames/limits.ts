/** Sizes of sealed objects (spec repository-objects 1). What a reader accepts is a little more than what a writer makes. */

/** Plain bytes of a zstd frame. */
export const FRAME_BYTES = 1024 * 1024;

/** The most bytes of an object that a reader accepts, both sealed and plain: 17 MiB and 1 %. */
export const MOST_OBJECT_BYTES = Math.floor(17 * 1024 * 1024 * 1.01);
