import type { ConstraintRule, IndexRule, SchemaRule } from '../store/schema-rule.ts';

/** The schema rules as of the last commit. */
export class LiveSchema {
  private readonly rules = new Map<number, SchemaRule>();

  constructor(rules: Iterable<SchemaRule>) {
    for (const rule of rules) this.rules.set(rule.id, rule);
  }

  add(rule: SchemaRule): void {
    this.rules.set(rule.id, rule);
  }

  remove(id: number): void {
    this.rules.delete(id);
  }

  all(): SchemaRule[] {
    return [...this.rules.values()].sort((a, b) => a.id - b.id);
  }

  get(id: number): SchemaRule | undefined {
    return this.rules.get(id);
  }

  get constraints(): ConstraintRule[] {
    return this.all().filter((rule) => rule.kind === 'constraint');
  }

  get indexes(): IndexRule[] {
    return this.all().filter((rule) => rule.kind === 'index');
  }
}
