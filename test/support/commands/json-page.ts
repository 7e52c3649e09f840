import { readFileSync } from 'node:fs';

/*
 * docs/json.md as a schema. A heading names an event, a report or a shape; the table below it has its fields. The test that reads it fails
 * for a field that is not on the page, and for a row that no run has shown.
 */

const page = new URL('../../../docs/json.md', import.meta.url);

interface Row {
  /** Where the row stands: an event may have the rows of a shape, too. */
  section: string;
  /** As on the page: `check.warnings`, `attempts[].protocol`. */
  path: string;
  type: string;
  isAlways: boolean;
  /** For `note`: the codes that have the field, and those that always have it. Undefined: all. */
  codes: { some: ReadonlySet<string>; always: ReadonlySet<string> } | undefined;
}

/** The rows of each section, by the text of its heading without code marks. */
type Sections = ReadonlyMap<string, readonly Row[]>;

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const codesIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);

/** Takes the page apart: one piece for each heading, with its tables. */
function readTables(text: string): { title: string; text: string; head: string; rows: string[][] }[] {
  return text.split(/^#+ /m).flatMap((part) => {
    const title = part.split('\n', 1)[0]!.replaceAll('`', '');
    const tables = part.match(/(?:^\|.*\n)+/gm) ?? [];
    return tables.map((table) => {
      const [head, , ...rows] = table.trimEnd().split('\n').map(cellsOf);
      return { title, text: part, head: head!.join(' '), rows };
    });
  });
}

function toRow(section: string, [field, type, when]: string[]): Row {
  const clauses = when!.split('; ').filter((clause) => /^(?:always|sometimes) with /.test(clause));
  const always = clauses.filter((clause) => clause.startsWith('always')).flatMap(codesIn);
  const codes = { some: new Set(clauses.flatMap(codesIn)), always: new Set(always) };
  return {
    section,
    path: codesIn(field!)[0]!,
    type: type!,
    isAlways: when === 'always',
    codes: clauses.length > 0 ? codes : undefined,
  };
}

const wordsOf = (type: string): string[] => [...type.matchAll(/"([^"]+)"/g)].map((match) => match[1]!);

/** Holds events against the page, and remembers which rows they have shown. */
export class JsonPage {
  private readonly sections: Sections;
  private readonly noteCodes: ReadonlySet<string>;
  /** `<section> <path>`, words with `"<word>"` behind. */
  private readonly shown = new Set<string>();

  constructor(text = readFileSync(page, 'utf8')) {
    const tables = readTables(text);
    const fields = tables.filter(({ head }) => head === 'field type when meaning');
    const sections = new Map(fields.map(({ title, rows }) => [title, rows.map((row) => toRow(title, row))]));
    for (const { title, text: prose } of fields) {
      const base = /It has the fields of \[`(\w+)`\]/.exec(prose)?.[1];
      if (base !== undefined) sections.set(title, [...sections.get(base)!, ...sections.get(title)!]);
    }
    this.sections = sections;
    const codes = tables.find(({ head }) => head === 'code command meaning')?.rows ?? [];
    this.noteCodes = new Set(codes.map(([code]) => codesIn(code!)[0]!));
  }

  /** What of one line of output is not as on the page; empty if nothing. */
  findDifferences(line: Record<string, unknown>): string[] {
    const { event, command } = line;
    const section = event === 'report' ? `report of ${String(command)}` : String(event);
    if (!this.sections.has(section)) return [`${section}: no such section`];
    const { common, own } = splitCommon(line);
    return [...this.compare('In every event', '', common), ...this.compare(section, '', own)];
  }

  /** Rows, words of lists and codes of notes that were in no event, but for those that `isLeftOut` is true of. */
  findDeadRows(isLeftOut: (name: string) => boolean = () => false): string[] {
    const wanted = [...this.sections].flatMap(([, rows]) =>
      rows.flatMap(({ section, path, type }) => [
        `${section} ${path}`,
        ...wordsOf(type).map((word) => `${nameOfList(path, type)} "${word}"`),
      ]),
    );
    const codes = [...this.noteCodes].map((code) => `note code ${code}`);
    return [...new Set([...wanted, ...codes])].filter((name) => !this.shown.has(name) && !isLeftOut(name));
  }

  hasReportOf(command: string): boolean {
    return this.sections.has(`report of ${command}`);
  }

  /** `at`: the path of the object in its section, with a point or `[].` at its end. */
  private compare(section: string, at: string, value: Record<string, unknown>): string[] {
    const rows = this.sections.get(section)!.filter(({ path }) => isDirectly(path, at));
    const known = new Set(rows.map(({ path }) => path.slice(at.length)));
    const strange = Object.keys(value).filter((field) => !known.has(field));
    return [
      ...strange.map((field) => `${section}: ${at}${field} is not on the page`),
      ...rows.flatMap((row) => this.compareField(section, row, value[row.path.slice(at.length)], value)),
    ];
  }

  private compareField(section: string, row: Row, value: unknown, owner: Record<string, unknown>): string[] {
    const { path, type, isAlways, codes } = row;
    const code = String(owner.code);
    const isMandatory = isAlways || codes?.always.has(code) === true;
    if (value === undefined) return isMandatory ? [`${section}: ${path} is missing`] : [];
    if (codes?.some.has(code) === false) return [`${section}: ${path} with ${code}`];
    this.shown.add(`${row.section} ${path}`);
    const one = type.replace(/\[\]$/, '');
    if (one === type) return this.compareValue(section, row, one, value);
    if (!Array.isArray(value)) return [`${section}: ${path} is no list`];
    return value.flatMap((item) => this.compareValue(section, row, one, item, '[]'));
  }

  private compareValue(section: string, { path }: Row, type: string, value: unknown, many = ''): string[] {
    const wrong = [`${section}: ${path} is not of type ${type}: ${JSON.stringify(value)}`];
    const words = wordsOf(type);
    if (words.length > 0) {
      if (!words.includes(String(value))) return wrong;
      this.shown.add(`${nameOfList(path, type)} "${value}"`);
      return [];
    }
    const isRight = plainTypes[type];
    if (isRight !== undefined) {
      if (path === 'code' && section === 'note') this.shown.add(`note code ${String(value)}`);
      if (path === 'code' && section === 'note' && !this.noteCodes.has(String(value))) return wrong;
      return isRight(value) ? [] : wrong;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong;
    const { own, extra } = this.splitExtra(section, `${path}${many}.`, value as Record<string, unknown>);
    const further = this.compare(section, `${path}${many}.`, type === 'object' ? { ...own, ...extra } : extra);
    if (type === 'object') return further;
    if (!this.sections.has(type)) return [`${section}: ${path} has the unknown type ${type}`];
    return [...this.compare(type, '', own), ...further];
  }

  /** Fields of an object that its shape has, and those that the section adds to it. */
  private splitExtra(section: string, at: string, value: Record<string, unknown>) {
    const added = new Set(this.sections.get(section)!.map(({ path }) => path));
    const entries = Object.entries(value);
    return {
      own: Object.fromEntries(entries.filter(([field]) => !added.has(at + field))),
      extra: Object.fromEntries(entries.filter(([field]) => added.has(at + field))),
    };
  }
}

/** The same list of words may stand in the tables of several events: each word has to come in one of them. */
function nameOfList(path: string, type: string): string {
  return `${path} of ${type}`;
}

const isDirectly = (path: string, at: string): boolean =>
  path.startsWith(at) && !/[.[]/.test(path.slice(at.length)) && path.length > at.length;

function splitCommon({ time, event, ...own }: Record<string, unknown>) {
  return { common: { time, event }, own };
}

const isTime = (value: unknown) =>
  typeof value === 'string' &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) &&
  !Number.isNaN(Date.parse(value));

const plainTypes: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: Number.isSafeInteger,
  boolean: (value) => typeof value === 'boolean',
  time: isTime,
  'map of integer': (value) => typeof value === 'object' && Object.values(value ?? []).every(Number.isSafeInteger),
};
