import { NONE, NumberColumn } from '../graph/number-column.ts';
import { hasDynamicLabels } from '../values/labels.ts';

export const UNUSED_NODE = -1;

/**
 * The label field of each node in a store under construction, {@link UNUSED_NODE} by default. Few fields are distinct, so each node costs
 * four bytes and each inline field is kept once.
 */
export class LabelFields {
  private readonly codes = new NumberColumn();
  private readonly fields: number[] = [];
  private readonly codeOf = new Map<number, number>();

  set(node: number, field: number): void {
    let code = this.codeOf.get(field);
    if (code === undefined) {
      code = this.fields.length;
      this.fields.push(field);
      if (!hasDynamicLabels(field)) this.codeOf.set(field, code);
    }
    this.codes.set(node, code);
  }

  get(node: number): number {
    const code = this.codes.get(node);
    return code === NONE ? UNUSED_NODE : this.fields[code]!;
  }
}
