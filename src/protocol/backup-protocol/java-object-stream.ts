import { ByteReader } from '../../base/byte-reader.ts';
import { decodeJavaText } from './java-text.ts';

/** An object of a Java object stream: the classes of its type from the bottom up, and its fields by name. */
export interface JavaObject {
  classes: string[];
  fields: Map<string, JavaValue>;
}

/** The part of a value that this reader keeps; it only walks over arrays, enumerations, numbers and extra data. */
export type JavaValue = JavaObject | string | undefined;

interface ClassField {
  type: string;
  name: string;
}

interface ClassDescription {
  name: string;
  flags: number;
  fields: ClassField[];
  parent: ClassDescription | undefined;
  /** False while the object is being read; nothing may refer to it then. */
  isComplete: boolean;
  /** Number of classes from here to the top. */
  depth: number;
}

/** The stream breaks the rules or a limit, or uses a form that no exception has. */
export class UnreadableStream extends Error {
  override readonly name = 'UnreadableStream';
}

const MAGIC = 0xaced;
const VERSION = 5;
const FIRST_HANDLE = 0x7e0000;

/** Limits: a stream is at most {@link MAX_FAILURE_BYTES} long, but could make a reader work for far longer. */
const MAX_DEPTH = 100;
const MAX_CLASS_DEPTH = 32;
const MAX_CONTENTS = 100_000;

const Tag = {
  null: 0x70,
  reference: 0x71,
  classDescription: 0x72,
  object: 0x73,
  string: 0x74,
  array: 0x75,
  classObject: 0x76,
  blockData: 0x77,
  endBlockData: 0x78,
  blockDataLong: 0x7a,
  longString: 0x7c,
  proxyClassDescription: 0x7d,
  enumeration: 0x7e,
} as const;

const Flag = { writeMethod: 0x01, serializable: 0x02, externalizable: 0x04, blockData: 0x08 } as const;

const primitiveSizes: Record<string, number> = { B: 1, C: 2, D: 8, F: 4, I: 4, J: 8, S: 2, Z: 1 };

/**
 * Reads the first object of a Java object stream (spec common-protocol 13.1), of any class, within limits: depth, number of contents, and
 * every length against the available bytes. Throws {@link UnreadableStream} or `OutOfBytes`.
 */
export function readJavaObject(stream: Buffer): JavaValue {
  return new ObjectStream(stream).readFirst();
}

class ObjectStream {
  private readonly reader: ByteReader;
  /** In the writer's numbering order. */
  private readonly handles: (JavaValue | ClassDescription)[] = [];
  private depth = 0;
  private contents = 0;

  constructor(stream: Buffer) {
    this.reader = new ByteReader(stream);
  }

  readFirst(): JavaValue {
    if (this.reader.u16() !== MAGIC || this.reader.u16() !== VERSION) throw new UnreadableStream('no object stream');
    return this.content(this.reader.u8());
  }

  private content(tag: number): JavaValue {
    if (++this.contents > MAX_CONTENTS || ++this.depth > MAX_DEPTH) throw new UnreadableStream('too large');
    const value = this.contentOf(tag);
    this.depth--;
    return value;
  }

  private contentOf(tag: number): JavaValue {
    const { reader } = this;
    switch (tag) {
      case Tag.null:
        return undefined;
      case Tag.reference:
        return this.valueReference();
      case Tag.object:
        return this.object();
      case Tag.string:
        return this.string(reader.u16());
      case Tag.longString:
        return this.longString();
      case Tag.array:
        return this.array();
      case Tag.enumeration:
        this.classDescription();
        this.handles.push(undefined);
        return this.content(reader.u8());
      case Tag.classObject:
        this.classDescription();
        this.handles.push(undefined);
        return undefined;
      case Tag.classDescription:
      case Tag.proxyClassDescription:
        this.newClassDescription(tag);
        return undefined;
      case Tag.blockData:
        reader.skip(reader.u8());
        return undefined;
      case Tag.blockDataLong:
        reader.skip(reader.u32());
        return undefined;
      default:
        throw new UnreadableStream(`unknown tag ${tag}`);
    }
  }

  private string(size: number): string {
    const text = decodeJavaText(this.reader.bytes(size));
    this.handles.push(text);
    return text;
  }

  private longString(): string {
    if (this.reader.u32() !== 0) throw new UnreadableStream('text beyond 4 GiB');
    return this.string(this.reader.u32());
  }

  private object(): JavaObject {
    const description = this.classDescription();
    if (description === undefined) throw new UnreadableStream('an object without a class');
    const object: JavaObject = { classes: [], fields: new Map() };
    this.handles.push(object);
    const chain: ClassDescription[] = [];
    for (let c: ClassDescription | undefined = description; c !== undefined; c = c.parent) chain.push(c);
    object.classes = chain.map((c) => c.name);
    // The data of the topmost class comes first.
    for (const c of chain.reverse()) this.classData(c, object);
    return object;
  }

  private classData(description: ClassDescription, object: JavaObject): void {
    if ((description.flags & Flag.serializable) !== 0) {
      for (const field of description.fields) {
        const size = primitiveSizes[field.type];
        if (size !== undefined) this.reader.skip(size);
        else object.fields.set(field.name, this.content(this.reader.u8()));
      }
      if ((description.flags & Flag.writeMethod) !== 0) this.annotations();
    } else if ((description.flags & Flag.externalizable) !== 0) {
      if ((description.flags & Flag.blockData) === 0) throw new UnreadableStream('data of unknown length');
      this.annotations();
    }
  }

  private array(): undefined {
    const description = this.classDescription();
    this.handles.push(undefined);
    const count = this.reader.u32();
    const type = description?.name[1];
    if (type === undefined) throw new UnreadableStream('an array of nothing');
    const size = primitiveSizes[type];
    if (size !== undefined) this.reader.skip(count * size);
    else for (let i = 0; i < count; i++) this.content(this.reader.u8());
    return undefined;
  }

  private classDescription(): ClassDescription | undefined {
    const tag = this.reader.u8();
    if (tag === Tag.null) return undefined;
    if (tag === Tag.classDescription || tag === Tag.proxyClassDescription) return this.newClassDescription(tag);
    if (tag !== Tag.reference) throw new UnreadableStream('no class where one must be');
    const found = this.reference();
    if (typeof found !== 'object' || !('flags' in found)) throw new UnreadableStream('a reference to no class');
    if (!found.isComplete) throw new UnreadableStream('a class that refers to itself');
    return found;
  }

  private newClassDescription(tag: number): ClassDescription {
    const { reader } = this;
    const isProxy = tag === Tag.proxyClassDescription;
    const description: ClassDescription = {
      name: '',
      flags: Flag.serializable,
      fields: [],
      parent: undefined,
      isComplete: false,
      depth: 1,
    };
    if (isProxy) {
      this.handles.push(description);
      for (let left = reader.u32(); left > 0; left--) reader.skip(reader.u16());
      description.name = 'proxy';
    } else {
      description.name = this.text();
      reader.skip(8);
      this.handles.push(description);
      description.flags = reader.u8();
      this.classFields(description.fields);
    }
    this.annotations();
    if (++this.depth > MAX_DEPTH) throw new UnreadableStream('too deep');
    description.parent = this.classDescription();
    this.depth--;
    description.depth = 1 + (description.parent?.depth ?? 0);
    if (description.depth > MAX_CLASS_DEPTH) throw new UnreadableStream('too many super classes');
    description.isComplete = true;
    return description;
  }

  private classFields(fields: ClassField[]): void {
    for (let left = this.reader.u16(); left > 0; left--) {
      const type = String.fromCharCode(this.reader.u8());
      const name = this.text();
      if (type === 'L' || type === '[') this.content(this.reader.u8());
      else if (primitiveSizes[type] === undefined) throw new UnreadableStream(`a field of type ${type}`);
      fields.push({ type, name });
    }
  }

  private annotations(): void {
    for (let tag = this.reader.u8(); tag !== Tag.endBlockData; tag = this.reader.u8()) this.content(tag);
  }

  private text(): string {
    return decodeJavaText(this.reader.bytes(this.reader.u16()));
  }

  private valueReference(): JavaValue {
    const found = this.reference();
    return typeof found === 'object' && 'flags' in found ? undefined : found;
  }

  private reference(): JavaValue | ClassDescription {
    const index = this.reader.u32() - FIRST_HANDLE;
    if (index < 0 || index >= this.handles.length) throw new UnreadableStream('a reference to nothing');
    return this.handles[index];
  }
}
