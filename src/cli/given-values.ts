import { GraphkeepError } from '../base/errors.ts';
import type { OptionRow } from './command-table.ts';
import type { OptionValues } from './option-values.ts';

/** Values by the names of their options. `true` of an option with a value: it was given without one. */
export type Given = Readonly<Record<string, string | boolean>>;

/** Between the values of an option that was given several times: no argument can hold it. */
export const SEVERAL = '\0';

/** The options of a command of the native front, wherever they come from. */
export class GivenValues implements OptionValues {
  readonly given: Given;
  private readonly rows: readonly OptionRow[];
  private readonly repositories: readonly Given[];

  /** `repositories`: all that is given, for each of several repositories. */
  constructor(rows: readonly OptionRow[], given: Given, repositories: readonly Given[] = []) {
    this.rows = rows;
    this.given = given;
    this.repositories = repositories;
  }

  mandatory(name: string): string {
    const value = this.given[name];
    if (typeof value !== 'string' || value === '') throw new GraphkeepError('usage', `--${name} must not be empty`);
    return value;
  }

  optional(name: string): string | undefined {
    const value = this.given[name];
    if (typeof value === 'string' && value !== '') return value;
    const standard = this.row(name).default;
    return standard === '' ? undefined : standard;
  }

  givenFlag(name: string): boolean | undefined {
    const value = this.given[name];
    return typeof value === 'boolean' ? value : undefined;
  }

  flag(name: string): boolean {
    return this.givenFlag(name) ?? this.row(name).default === 'true';
  }

  isGiven(name: string): boolean {
    return this.given[name] !== undefined;
  }

  isEmpty(name: string): boolean {
    const value = this.given[name];
    return typeof value === 'string' && value.split(SEVERAL).includes('');
  }

  perRepository(): readonly OptionValues[] {
    const { repo } = this.given;
    // Each has all of its options: what opens one of them is not for the others.
    if (this.repositories.length > 1) return this.repositories.map((own) => new GivenValues(this.rows, own));
    const typed = typeof repo === 'string' && repo.includes(SEVERAL) ? repo.split(SEVERAL) : [];
    if (typed.length === 0) return [this];
    return typed.map((one) => new GivenValues(this.rows, { ...this.given, repo: one }));
  }

  private row(name: string): OptionRow {
    const row = this.rows.find((candidate) => candidate.name === name);
    if (row === undefined) throw new GraphkeepError('internal', `there is no option --${name}`);
    return row;
  }
}
