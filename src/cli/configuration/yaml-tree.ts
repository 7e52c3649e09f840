import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { ErrorPlace } from '../../base/errors.ts';
import { wrong } from './file-text.ts';

export type Path = readonly (string | number)[];

/** More than anybody writes: aliases of aliases grow without end. */
const MOST_NODES = 10_000;
const MOST_DEPTH = 20;
/** Words, marks and blanks of YAML. */
const MOST_WORDS = 100_000;
/** Of the parser, which has more than one entry for each level. */
const MOST_STACK = 50;
/** To find what one stands for takes as long as the file is. */
const MOST_ALIASES = 100;

/** The content of a YAML file, with the place of everything in it. */
export class YamlTree {
  readonly value: unknown;
  private readonly places: ReadonlyMap<string, ErrorPlace>;
  private readonly file: string;

  constructor(value: unknown, places: ReadonlyMap<string, ErrorPlace>, file: string) {
    this.value = value;
    this.places = places;
    this.file = file;
  }

  /** Where a value is; where it is missing, what it should be in. */
  placeOf(path: Path): ErrorPlace {
    for (let length = path.length; length > 0; length--) {
      const place = this.places.get(nameOf(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return { file: this.file };
  }

  /** Where a key is written. */
  placeOfKey(path: Path): ErrorPlace {
    return this.places.get(keyOf(path)) ?? this.placeOf(path);
  }
}

const nameOf = (path: Path): string => JSON.stringify(path);
const keyOf = (path: Path): string => `key ${nameOf(path)}`;

/** What a text may be turned into while it is read. */
export type ReadScalar = (text: string, place: ErrorPlace, path: Path) => string;

/**
 * Reads YAML 1.2: one document with a mapping at its top. `readText` sees every text on the way.
 * @throws GraphkeepError `config` with line and column
 */
export function readYamlTree(text: string, file: string, readText: ReadScalar): YamlTree {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const place = (offset: number): ErrorPlace => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  refuseExcess(text, file, place);
  // It compares each key with each other one: done below, in less time.
  const document = parseDocument(text, { prettyErrors: false, strict: true, version: '1.2', uniqueKeys: false });
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) {
    const hint = 'Correct the YAML at this place. Use blanks, not tabs, in front of a line.';
    throw wrong(`the configuration file is not valid YAML: ${fault.message}`, place(fault.pos[0]), hint);
  }
  const top = document.contents;
  if (top === null || (isScalar(top) && top.value === null)) {
    throw wrong('the configuration file is empty', { file }, 'Write what you want to set, or remove the file.');
  }
  const places = new Map<string, ErrorPlace>();
  let count = 0;
  let aliases = 0;

  const read = (node: Node | null, path: Path, at: ErrorPlace, depth: number): unknown => {
    if (++count > MOST_NODES || depth > MOST_DEPTH)
      throw wrong('the configuration file has too much in it, or aliases that contain each other', at);
    const where = node?.range ? place(node.range[0]) : at;
    places.set(nameOf(path), where);
    if (isAlias(node)) {
      if (++aliases > MOST_ALIASES) throw wrong(`there are more than ${MOST_ALIASES} aliases`, where);
      const anchored = node.resolve(document);
      if (anchored === undefined) throw wrong(`there is no anchor '${node.source}' before this alias`, where);
      return read(anchored, path, where, depth + 1);
    }
    if (node?.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:'))
      throw wrong('tags have no meaning in the configuration file', where);
    if (isMap(node)) return readMap(node, path, where, depth);
    if (isSeq(node)) return node.items.map((item, i) => read(item as Node, [...path, i], where, depth + 1));
    const value = isScalar(node) ? node.value : null;
    return typeof value === 'string' ? readText(value, where, path) : value;
  };

  const readMap = (map: YAMLMap, path: Path, at: ErrorPlace, depth: number): object => {
    const object: Record<string, unknown> = {};
    for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
      const where = key?.range ? place(key.range[0]) : at;
      if (!isScalar(key)) throw wrong('a key must be a single word', where);
      const name = key.source ?? String(key.value);
      if (name === '__proto__') throw wrong("there is no key '__proto__'", where);
      const twin = places.get(keyOf([...path, name]));
      if (Object.hasOwn(object, name))
        throw wrong(`the key '${name}' is there twice; the first one is in line ${twin?.line}`, where);
      places.set(keyOf([...path, name]), where);
      object[name] = read(value, [...path, name], where, depth + 1);
    }
    return object;
  };

  const value = read(top as Node, [], { file, line: 1, column: 1 }, 0);
  if (!isMap(top)) {
    const hint = 'At the top there are the keys repositories, databases and commands.';
    throw wrong('the configuration file is a list or a text, not a mapping', place(top.range![0]), hint);
  }
  return new YamlTree(value, places, file);
}

/**
 * The library reads what is nested by calling itself, and a stack that runs over can end the process. Its parser does not, so that is asked
 * first.
 */
function refuseExcess(text: string, file: string, place: (offset: number) => ErrorPlace): void {
  const parser = new Parser();
  let words = 0;
  let offset = 0;
  for (const word of new Lexer().lex(text)) {
    for (const _ of parser.next(word));
    if (parser.stack.length > MOST_STACK) throw wrong('the configuration file is nested too deeply', place(offset));
    if (++words > MOST_WORDS) throw wrong('the configuration file has too much in it', { file });
    offset += word.length;
  }
}
