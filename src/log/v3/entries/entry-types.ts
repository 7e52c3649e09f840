/** The form of command bodies in entries of one version. */
export interface EntryForm {
  readonly version: number;
  /** Relationship, group, token and neostore commands carry only the after-image: the entry can be walked over but not replayed. */
  readonly afterImageOnly: boolean;
  /** The maps of IndexDefine have a one-byte size. */
  readonly shortMaps: boolean;
}

/**
 * Every entry begins with `version:i8 type:i8` (spec transaction-logs 2). One row per version:
 *
 * | version | written by |
 * |---|---|
 * | -5, -8 | 2.3 (section 4) |
 * | -6 | 3.0.0-3.0.1 |
 * | -9 | from 3.0.2 |
 * | -10 | from 3.0.10, all of 3.3 to 3.5: the only one that we write |
 */
const forms: readonly EntryForm[] = [
  { version: -5, afterImageOnly: true, shortMaps: true },
  { version: -6, afterImageOnly: false, shortMaps: true },
  { version: -8, afterImageOnly: true, shortMaps: false },
  { version: -9, afterImageOnly: false, shortMaps: false },
  { version: -10, afterImageOnly: false, shortMaps: false },
];

export const CURRENT_ENTRY_VERSION_BYTE = 0xf6;

export const START_ENTRY = 1;
export const COMMAND_ENTRY = 3;
export const COMMIT_ENTRY = 5;
export const CHECK_POINT_ENTRY = 7;

const formOfByte: readonly (EntryForm | undefined)[] = Array.from({ length: 256 }, (_, byte) =>
  forms.find(({ version }) => (version & 0xff) === byte),
);

/** The form of entries whose version byte is `byte`; undefined if no server writes that version. */
export function entryFormOfByte(byte: number): EntryForm | undefined {
  return formOfByte[byte];
}
