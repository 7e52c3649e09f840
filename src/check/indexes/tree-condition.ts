import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '../../base/errors.ts';
import type { TreeLayout } from '../../store/tree/page/layout.ts';
import { decodeMetaPage, findMetaProblem, META_BYTES } from '../../store/tree/page/meta-page.ts';
import { openPageFile } from '../../store/tree/page/page-file.ts';
import { decodeStatePage } from '../../store/tree/page/state-page.ts';
import { checkTreeStructure, type TreeFinding } from '../../store/tree/read/structure-check.ts';
import { type OpenTree, openTreeForReading } from '../../store/tree/read/tree-file.ts';
import type { CheckContext } from '../findings/check-context.ts';
import { isDamage } from '../findings/damage.ts';
import { createFinding } from '../findings/finding.ts';

/** The condition of a tree file. The receiver of an open tree must close it. */
export type TreeCondition =
  | { kind: 'missing' }
  /** No valid state page: a server treats the file as missing (spec trees-and-indexes 9 and 11). */
  | { kind: 'stateless'; problem: string }
  | { kind: 'unreadable'; problem: string }
  /** `sound`: its structure has no error, so its content can be compared in order. */
  | { kind: 'open'; tree: OpenTree; sound: boolean };

/**
 * Opens a tree file for reading, after checking its structure (spec consistency-check 3.12) and reporting its faults. `onlyState`: skips
 * the structure check, which would read the whole file.
 */
export async function inspectTree(
  context: CheckContext,
  path: string,
  layout: TreeLayout,
  { onlyState = false } = {},
): Promise<TreeCondition> {
  const file = join(context.reader.directory, path);
  if (!existsSync(file)) return { kind: 'missing' };
  if (onlyState) return openWithoutCheck(file, layout);
  const options = context.signal === undefined ? {} : { signal: context.signal };
  const findings = await checkTreeStructure(openPageFile(file, 'read'), layout, options);
  const fatal = findings.find(({ kind }) => kind === 'file');
  if (fatal !== undefined) return refuse(file, layout, fatal.message);
  const tree = openTreeForReading(file, layout);
  for (const finding of findings) reportStructure(context, path, tree.format.pageBytes, finding);
  return { kind: 'open', tree, sound: findings.every(({ kind }) => kind === 'leaked-page') };
}

function openWithoutCheck(file: string, layout: TreeLayout): TreeCondition {
  try {
    return { kind: 'open', tree: openTreeForReading(file, layout), sound: false };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return refuse(file, layout, error.message);
  }
}

function refuse(file: string, layout: TreeLayout, problem: string): TreeCondition {
  return { kind: hasNoState(file, layout) ? 'stateless' : 'unreadable', problem };
}

function reportStructure(context: CheckContext, file: string, pageBytes: number, finding: TreeFinding): void {
  const { kind, page, message } = finding;
  context.report(
    createFinding(kind === 'leaked-page' ? 'indexStructure.leakedPage' : 'indexStructure', {
      message: `Index inconsistency: page ${page}: ${message}`,
      file,
      record: page,
      offset: page * pageBytes,
      text: `Tree[${file}, page=${page}]`,
    }),
  );
}

/** True for a tree of the right layout without a valid state page. */
function hasNoState(path: string, layout: TreeLayout): boolean {
  const file = openPageFile(path, 'read');
  try {
    const head = new Uint8Array(META_BYTES);
    file.read(head, 0);
    const meta = decodeMetaPage(head);
    if (findMetaProblem(meta, layout) !== undefined) return false;
    const page = new Uint8Array(meta.pageBytes);
    for (const number of [1, 2]) {
      file.read(page, number * meta.pageBytes);
      if (decodeStatePage(page) !== undefined) return false;
    }
    return true;
  } catch (error) {
    if (hasCode(error, 'file.truncated')) return false;
    throw error;
  } finally {
    file.close();
  }
}
