import { genericLayout } from '../../../src/store/index/keys/generic-key.ts';
import { numberLayout, uniqueNumberLayout } from '../../../src/store/index/keys/number-key.ts';
import { pointLayout } from '../../../src/store/index/keys/point-key.ts';
import { temporalKeys } from '../../../src/store/index/keys/temporal-key.ts';
import { textLayout } from '../../../src/store/index/keys/text-key.ts';
import { labelScanLayout } from '../../../src/store/label-scan/label-scan-layout.ts';
import { fitsLayout, type TreeLayout } from '../../../src/store/tree/page/layout.ts';
import { decodeMetaPage, META_BYTES } from '../../../src/store/tree/page/meta-page.ts';
import { openPageFile } from '../../../src/store/tree/page/page-file.ts';

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
