/**
 * What the name of a piece of store files says (spec repository-layout 2). Files are numbered, as their names hold characters that a key
 * must not have; the index says which number is which file.
 *
 *     data/<file number>/<offset>.<16 hex>.zst[.age]       at most 16 MiB of one file, from an offset of 16 digits
 *     data/bundle/<number>.<16 hex>.tar.zst[.age]          small files together
 */
export type PartName = {
  /** The beginning of the SHA-256 of the object as stored: 16 lower-case hexadecimal digits. */
  readonly digest: string;
  readonly isEncrypted: boolean;
} & (
  | { readonly kind: 'part'; readonly file: number; readonly offset: number }
  | { readonly kind: 'bundle'; readonly number: number }
);

const PART = /^data\/(0|[1-9]\d*)\/(\d{16})\.([0-9a-f]{16})\.zst(\.age)?$/;
const BUNDLE = /^data\/bundle\/(0|[1-9]\d*)\.([0-9a-f]{16})\.tar\.zst(\.age)?$/;

/** The key of a part below the folder of its base. */
export function formatPartName(part: PartName): string {
  const age = part.isEncrypted ? '.age' : '';
  return part.kind === 'part'
    ? `data/${part.file}/${String(part.offset).padStart(16, '0')}.${part.digest}.zst${age}`
    : `data/bundle/${part.number}.${part.digest}.tar.zst${age}`;
}

export function parsePartName(name: string): PartName | undefined {
  const part = PART.exec(name);
  if (part !== null) {
    const [, file, offset, digest, age] = part;
    const found = { file: Number(file), offset: Number(offset) };
    if (!Number.isSafeInteger(found.file) || !Number.isSafeInteger(found.offset)) return undefined;
    return { kind: 'part', ...found, digest: digest!, isEncrypted: age !== undefined };
  }
  const bundle = BUNDLE.exec(name);
  if (bundle === null || !Number.isSafeInteger(Number(bundle[1]))) return undefined;
  return { kind: 'bundle', number: Number(bundle[1]), digest: bundle[2]!, isEncrypted: bundle[3] !== undefined };
}
