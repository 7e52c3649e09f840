import type { ConstraintRule, IndexRule, SchemaRule } from '../../store/graph/schema-rule.ts';

/** The schema rules as of the last commit. */
export class LiveSchema {
  private readonly rules = new Map<number, SchemaRule>();
  constraints: readonly ConstraintRule[] = [];
  indexes: readonly IndexRule[] = [];

  constructor(rules: Iterable<SchemaRule>) {
    for (const rule of rules) this.rules.set(rule.id, rule);
    this.sort();
  }

  add(rule: SchemaRule): void {
    this.rules.set(rule.id, rule);
    this.sort();
  }

  remove(id: number): void {
    this.rules.delete(id);
    this.sort();
  }

  /** By id. */
  all(): SchemaRule[] {
    return [...this.rules.values()].sort((a, b) => a.id - b.id);
  }

  get(id: number): SchemaRule | undefined {
    return this.rules.get(id);
  }

  get isEmpty(): boolean {
    return this.rules.size === 0;
  }

  private sort(): void {
    const rules = this.all();
    this.constraints = rules.filter((rule) => rule.kind === 'constraint');
    this.indexes = rules.filter((rule) => rule.kind === 'index');
  }
}
