import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../base/byte-writer.ts';
import { decodeSchemaRule, encodeSchemaRule, type SchemaRule } from './schema-rule.ts';

const tokens = (minLength: number) => fc.array(fc.nat({ max: 2 ** 31 - 1 }), { minLength, maxLength: 5 });
const entity = fc.constantFrom('node' as const, 'relationship' as const);
const schema = fc.oneof(
  fc.record({
    entity,
    entityTokens: tokens(1).map(([one]) => [one!]),
    propertyKeys: tokens(1),
    multi: fc.constant(false),
  }),
  fc.record({ entity, entityTokens: tokens(1), propertyKeys: tokens(1), multi: fc.constant(true) }),
);
const name = fc.string({ minLength: 1 });
const id = fc.nat();
const rule: fc.Arbitrary<SchemaRule> = fc.oneof(
  fc
    .record({
      kind: fc.constant('index' as const),
      id,
      provider: fc.record({ key: fc.string(), version: fc.string() }),
      unique: fc.boolean(),
      owningConstraint: fc.integer({ min: -1, max: 2 ** 40 }),
      schema,
      name,
    })
    .map((r) => (r.unique ? r : { ...r, owningConstraint: -1 })),
  fc
    .record({
      kind: fc.constant('constraint' as const),
      id,
      type: fc.constantFrom('existence' as const, 'unique' as const, 'node-key' as const),
      ownedIndex: fc.nat(),
      schema,
      name,
    })
    .map((r) => (r.type === 'existence' ? { ...r, ownedIndex: -1 } : r)),
);

describe('schema rules', () => {
  it('schema rules survive a round trip', () => {
    fc.assert(
      fc.property(rule, (one) => {
        expect(decodeSchemaRule(one.id, encodeSchemaRule(one))).toEqual(one);
      }),
    );
  });

  it('schema rules are refused as store.corrupt if they are cut or overwritten', () => {
    fc.assert(
      fc.property(rule, fc.nat(), fc.option(fc.nat({ max: 255 })), (one, at, byte) => {
        const bytes = Buffer.from(encodeSchemaRule(one));
        if (byte !== null) bytes[at % bytes.length] = byte;
        try {
          decodeSchemaRule(1, byte === null ? bytes.subarray(0, at % bytes.length) : bytes);
        } catch (error) {
          expect(['store.corrupt', 'file.corrupt']).toContain((error as { code: string }).code);
        }
      }),
    );
  });

  it('schema rules may lack a name', () => {
    const bytes = encodeSchemaRule({
      kind: 'constraint',
      id: 3,
      type: 'existence',
      ownedIndex: -1,
      schema: { entity: 'node', entityTokens: [1], propertyKeys: [2], multi: false },
    });
    const named = decodeSchemaRule(3, bytes);
    expect(named.name).toBe('constraint_3');
    const unnamed = bytes.subarray(0, bytes.length - 'constraint_3'.length - 4);
    expect(decodeSchemaRule(3, unnamed).name).toBeUndefined();
  });

  describe('of stores made by 2.0 to 3.1', () => {
    const text = (out: ByteWriter, value: string) => out.i32(value.length).bytes(Buffer.from(value));
    const decode = (write: (out: ByteWriter) => void) => {
      const out = new ByteWriter().i32(17);
      write(out);
      return decodeSchemaRule(8, out.toBuffer());
    };
    const schemaOf = (propertyKeys: number[], of: 'node' | 'relationship' = 'node') => ({
      entity: of,
      entityTokens: [17],
      propertyKeys,
      multi: false,
    });

    it('schema rules of stores made by 2.0 to 3.1 are read as indexes', () => {
      const index = (kind: number) => (out: ByteWriter) => {
        text(out.u8(kind), 'lucene');
        text(out, '1.0').u16(2).i64(4).i64(5);
        if (kind === 2) out.i64(99);
      };
      const provider = { key: 'lucene', version: '1.0' };
      const common = { kind: 'index', id: 8, provider, schema: schemaOf([4, 5]) };
      expect(decode(index(1))).toEqual({ ...common, unique: false, owningConstraint: -1 });
      expect(decode(index(2))).toEqual({ ...common, unique: true, owningConstraint: 99 });
    });

    it('schema rules of stores made by 2.0 to 3.1 are read as constraints', () => {
      const common = { kind: 'constraint', id: 8 };
      expect(decode((out) => out.u8(3).u8(1).i64(6).i64(70))).toEqual({
        ...common,
        type: 'unique',
        ownedIndex: 70,
        schema: schemaOf([6]),
      });
      expect(decode((out) => out.u8(4).i32(6))).toEqual({
        ...common,
        type: 'existence',
        ownedIndex: -1,
        schema: schemaOf([6]),
      });
      expect(decode((out) => out.u8(5).i32(6))).toEqual({
        ...common,
        type: 'existence',
        ownedIndex: -1,
        schema: schemaOf([6], 'relationship'),
      });
      expect(() => decode((out) => out.u8(6))).toThrow(/cannot be read/);
    });
  });
});
