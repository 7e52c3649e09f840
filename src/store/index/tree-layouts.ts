import { labelScanLayout } from '../label-scan/label-scan-layout.ts';
import { fitsLayout, type TreeLayout } from '../tree/page/layout.ts';
import { decodeMetaPage, META_BYTES } from '../tree/page/meta-page.ts';
import { openPageFile } from '../tree/page/page-file.ts';
import { genericLayout } from './keys/generic-key.ts';
import { numberLayout, uniqueNumberLayout } from './keys/number-key.ts';
import { pointLayout } from './keys/point-key.ts';
import { temporalKeys } from './keys/temporal-key.ts';
import { textLayout } from './keys/text-key.ts';

/** Every kind of tree file of the stores of 3.4 and 3.5 (spec trees-and-indexes 2). */
export const treeLayouts: readonly TreeLayout[] = [
  labelScanLayout,
  numberLayout,
  uniqueNumberLayout,
  textLayout,
  pointLayout,
  ...Object.values(temporalKeys).map((key) => key.layout),
  genericLayout,
];

/** The layout that a file claims to have; undefined if it is not one of ours. */
export function findLayoutOf(path: string): TreeLayout | undefined {
  const file = openPageFile(path, 'read');
  try {
    if (file.sizeBytes() < META_BYTES) return undefined;
    const head = new Uint8Array(META_BYTES);
    file.read(head, 0);
    const claimed = decodeMetaPage(head);
    return treeLayouts.find((layout) => fitsLayout(claimed, layout));
  } finally {
    file.close();
  }
}
