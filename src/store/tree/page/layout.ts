/** Order of two keys, given as windows of bytes: negative, zero or positive. Must not read outside the windows. */
export type KeyOrder = (
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
) => number;

/**
 * Describes the content of one kind of tree file (spec trees-and-indexes 2): identity as in the meta page, sizes, and the order of keys.
 * All differences between kinds of tree files are in these descriptors.
 */
export interface TreeLayout {
  /** Up to four ASCII characters. */
  readonly name: string;
  readonly number: number;
  readonly majorVersion: number;
  readonly minorVersion: number;
  /** Minor versions of earlier releases that have the same form; new files get {@link minorVersion}. */
  readonly olderMinorVersions?: readonly number[];
  /** Node format: 2 = fixed, 3 = dynamic. */
  readonly keys: 'fixed' | 'dynamic';
  /** Key bytes of a fixed layout, 0 for dynamic ones. */
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly compare: KeyOrder;
  /** Why a server cannot read the key of an entry or a separator; undefined if it can. If absent, all keys are readable. */
  findKeyProblem?(key: Uint8Array, start: number, length: number, isSeparator: boolean): string | undefined;
}

type LayoutIdentity = Pick<TreeLayout, 'name' | 'number' | 'majorVersion' | 'minorVersion'>;

/** True if a file that claims to be `claimed` can be read and updated as `layout`. */
export function fitsLayout(claimed: LayoutIdentity, layout: TreeLayout): boolean {
  const minors = [layout.minorVersion, ...(layout.olderMinorVersions ?? [])];
  return minors.some((minorVersion) => describeLayout({ ...layout, minorVersion }) === describeLayout(claimed));
}

export function describeLayout(layout: LayoutIdentity): string {
  return `${layout.name}/${layout.number} ${layout.majorVersion}.${layout.minorVersion}`;
}
