import { Float64 } from '../packstream.ts';

/** A date, time, duration or point as text. It is not a string for the server, and is not equal to one. */
export class Literal {
  constructor(readonly text: string) {}
}

/** A value of Cypher, exactly: a whole number is not a float, and a date is not a text. */
export type ModernValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Float64
  | Literal
  | readonly ModernValue[]
  | { readonly [key: string]: ModernValue };

type Sigil = '?' | 'Z' | 'R' | 'U' | 'T' | '@' | '[]' | '{}' | typeof BARE;

/** Ours, see {@link markNumbers}. */
const BARE = 'bare';

/**
 * Arrays come without types if they are properties: `[1,2.0]`. Their numbers are given one here, before a parser of JSON takes both for the
 * same.
 */
export function markNumbers(json: string): string {
  const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
  return json.replace(tokens, (token) => (token.startsWith('"') ? token : `{"${BARE}":"${token}"}`));
}

/** Decodes a value in the strict form of the server's typed JSON, where `{"Z":"1"}` is a whole number and `{"R":"1.0"}` a float. */
export function decodeJolt(value: unknown): ModernValue {
  if (value === null || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(decodeJolt);
  const [[sigil, content], ...rest] = Object.entries(value as object) as [[Sigil, unknown]];
  if (rest.length > 0) throw new Error(`not a typed value: ${JSON.stringify(value)}`);
  switch (sigil) {
    case '?':
      return content === 'true';
    case 'Z':
      return wholeNumber(content as string);
    case 'R':
    case BARE:
      // Whole numbers of more than 32 bits are marked in this way too.
      return /^-?\d+$/.test(content as string) ? wholeNumber(content as string) : new Float64(Number(content));
    case 'U':
      return content as string;
    case 'T':
      return new Literal(content as string);
    case '@':
      return decodePoint(content as string);
    case '[]':
      return (content as unknown[]).map(decodeJolt);
    case '{}':
      return Object.fromEntries(Object.entries(content as object).map(([key, item]) => [key, decodeJolt(item)]));
    default:
      throw new Error(`unknown type: ${JSON.stringify(value)}`);
  }
}

function wholeNumber(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function decodePoint(text: string): Literal {
  const match = /^SRID=(\d+);POINT *Z? *\(([^)]*)\)$/.exec(text);
  if (match === null) throw new Error(`not a point: ${text}`);
  return pointLiteral(Number(match[1]), match[2]!.trim().split(/ +/).map(Number));
}

/** A point in the only form that is compared. */
export function pointLiteral(srid: number, coordinates: readonly number[]): Literal {
  return new Literal(`point(${[srid, ...coordinates].join(',')})`);
}

/** A value as text that differs whenever type or value differ. */
function describeValue(value: ModernValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (value instanceof Float64) return `float(${Object.is(value.value, -0) ? '-0' : value.value})`;
  if (value instanceof Literal) return value.text;
  if (isList(value)) return `[${value.map(describeValue).join(',')}]`;
  return `{${describeProperties(value)}}`;
}

/** The properties of a node or relationship in the order of their names. */
export function describeProperties(properties: Readonly<Record<string, ModernValue>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${describeValue(value)}`)
    .sort()
    .join(' ');
}

const isList = (value: object): value is readonly ModernValue[] => Array.isArray(value);
