/**
 * Every entry begins with `version:i8 type:i8` (spec transaction-logs 2).
 *
 * | version | written by |
 * |---|---|
 * | -5, -8 | 2.3: legacy layouts, only walked over (section 4) |
 * | -6 | 3.0.0-3.0.1: as -9 with 1-byte map sizes in IndexDefine |
 * | -9 | from 3.0.2 |
 * | -10 | from 3.0.10, all of 3.3 to 3.5: the only one that is written |
 */
export const CURRENT_ENTRY_VERSION = -10;
export const CURRENT_ENTRY_VERSION_BYTE = 0xf6;

export const START_ENTRY = 1;
export const COMMAND_ENTRY = 3;
export const COMMIT_ENTRY = 5;
export const CHECK_POINT_ENTRY = 7;

export function isKnownEntryVersion(version: number): boolean {
  return version === CURRENT_ENTRY_VERSION || version === -9 || version === -8 || version === -6 || version === -5;
}

/** Legacy: relationship, group, token and neostore commands carry only the after-image. */
export function isLegacyEntryVersion(version: number): boolean {
  return version === -5 || version === -8;
}
