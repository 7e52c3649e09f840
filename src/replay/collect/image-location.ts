declare const location: unique symbol;

/**
 * Where the image of a record stands in a stretch of log, as one number that fits into typed arrays and sort runs: twice its place, the log
 * files laid end to end, and one more if it has the wide form (of a relationship group command). Nothing outside this file computes with
 * it.
 */
export type ImageLocation = number & { readonly [location]: true };

/** "No image seen": no image has the place 0, a log file begins with its header. */
export const NO_IMAGE = 0 as ImageLocation;

export function locateImage(place: number, isWide = false): ImageLocation {
  return (place * 2 + (isWide ? 1 : 0)) as ImageLocation;
}

export function placeOf(image: ImageLocation): number {
  return Math.floor(image / 2);
}

export function isWideImage(image: ImageLocation): boolean {
  return image % 2 === 1;
}
