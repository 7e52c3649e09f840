/** Order of two keys given as windows of bytes: negative, zero or positive. Must not read outside the windows. */
export type KeyOrder = (
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
) => number;

/**
 * What is in the nodes of a tree file (spec trees-and-indexes 2): identity as written in the meta page, sizes, and the order of the keys.
 * All that differs between the kinds of tree files is in such a descriptor.
 */
export interface TreeLayout {
  /** Up to four ASCII characters. */
  readonly name: string;
  readonly number: number;
  readonly majorVersion: number;
  readonly minorVersion: number;
  /** Minor versions of earlier releases whose files have the same form; new files get {@link minorVersion}. */
  readonly olderMinorVersions?: readonly number[];
  /** Node format: 2 = fixed, 3 = dynamic. */
  readonly keys: 'fixed' | 'dynamic';
  /** Key bytes of a fixed layout, 0 for dynamic ones. */
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly compare: KeyOrder;
  /** Why a server cannot read a key, a separator or that of an entry; undefined if it can. Without this: it can read all keys. */
  findKeyProblem?(key: Uint8Array, start: number, length: number, isSeparator: boolean): string | undefined;
}

type LayoutIdentity = Pick<TreeLayout, 'name' | 'number' | 'majorVersion' | 'minorVersion'>;

/** Whether a file that claims to be `claimed` can be read and updated as `layout`. */
export function fitsLayout(claimed: LayoutIdentity, layout: TreeLayout): boolean {
  const minors = [layout.minorVersion, ...(layout.olderMinorVersions ?? [])];
  return minors.some((minorVersion) => describeLayout({ ...layout, minorVersion }) === describeLayout(claimed));
}

export function describeLayout(layout: LayoutIdentity): string {
  return `${layout.name}/${layout.number} ${layout.majorVersion}.${layout.minorVersion}`;
}
