declare const location: unique symbol;

/**
 * The location of a record's image in a stretch of log, as one number that fits into typed arrays and sort runs: twice its place, with the
 * log files laid end to end, plus one for the wide form (of a relationship group command). Only this file computes with it.
 */
export type ImageLocation = number & { readonly [location]: true };

/** "No image seen". Place 0 cannot hold an image: log files begin with a header. */
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
