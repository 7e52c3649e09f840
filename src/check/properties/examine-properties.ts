import { readU32 } from '../../base/byte-reader.ts';
import { METADATA_FILE, type StoreKey } from '../../store/files/store-files.ts';
import type { RecordOf } from '../../store/graph/store-reader.ts';
import type { CheckContext } from '../findings/check-context.ts';
import { renderNode, renderRelationship } from '../findings/record-texts.ts';
import { examineIdFiles } from '../records/id-files.ts';
import { RecordFindings } from '../records/record-findings.ts';
import { RecordStores, StoreRecords } from '../records/store-records.ts';
import { DynamicStore, type DynamicStoreKey } from './dynamic-store.ts';
import { reportMultipleOwners } from './owner-conflicts.ts';
import { PropertyOwners } from './property-owners.ts';
import { PropertyStore } from './property-store.ts';

/**
 * Checks properties and the dynamic records of names, schema, strings and arrays (consistency-check spec 3.1, 3.5, 3.6), and what concerns
 * every record store: id files, remains behind the last record. Store files are read from begin to end: dynamic records, then properties,
 * then who owns them, so that every reference can be compared with bits kept of what it points to.
 *
 * Never throws for damaged records.
 *
 * @throws GraphkeepError `store.missing-file`, `store.corrupt` (header of a dynamic store), `cancelled`
 */
export async function examineProperties(context: CheckContext): Promise<void> {
  examineTails(context);
  await examineIdFiles(context);
  await examineNames(context);
  const strings = await examineDynamic(context, 'propertyStrings');
  const arrays = await examineDynamic(context, 'propertyArrays');
  const properties = new PropertyStore(context, strings, arrays);
  await properties.examine();
  strings.reportOrphans();
  arrays.reportOrphans();
  await examineOwners(context, new PropertyOwners(properties));
}

async function examineOwners(context: CheckContext, owners: PropertyOwners): Promise<void> {
  const stores = new RecordStores(context);
  const nodes = new RecordFindings(stores.node, context.report);
  const relationships = new RecordFindings(stores.relationship, context.report);
  claimGraphProperties(context, owners);
  await scanOwners(context, stores.node, 5, owners, (node) => owners.claim(node, nodes, renderNode));
  await scanOwners(context, stores.relationship, 29, owners, (r) => {
    owners.claim(r, relationships, renderRelationship);
  });
  owners.reportOrphans();
  if (context.parts.propertyOwners) await reportMultipleOwners(context, stores, owners, nodes, relationships);
}

const NONE = 0xffff_ffff;

/**
 * Lets the records of a store claim their properties: `claim` those of which the bytes do not say that all is well. In standard records of nodes and
 * relationships bit 0 of the first byte is the mark and bits 4-7 are the high bits of the reference, the low ones are at `referenceAt`.
 */
async function scanOwners<K extends 'node' | 'relationship'>(
  { reader }: CheckContext,
  records: StoreRecords<K>,
  referenceAt: number,
  owners: PropertyOwners,
  claim: (record: RecordOf[K]) => void,
): Promise<void> {
  const record = records.create();
  const isStandard = reader.format.family === 'standard';
  const { recordBytes } = records;
  await records.scanBytes('property owners', (buffer, first, end) => {
    for (let id = first, offset = 0; id < end; id++, offset += recordBytes) {
      if (isStandard) {
        const head = buffer[offset]!;
        if ((head & 1) === 0) continue;
        const low = readU32(buffer, offset + referenceAt);
        if (head < 0x10 && (low === NONE || owners.claimQuickly(low))) continue;
      }
      records.visitRecord(record, buffer, id, offset, claim);
    }
  });
}

async function examineDynamic(context: CheckContext, key: DynamicStoreKey): Promise<DynamicStore> {
  const store = new DynamicStore(context, key);
  await store.examine();
  return store;
}

/** Names and schema rules: only how their records hang together; the token and schema checks look at what is in them. */
async function examineNames(context: CheckContext): Promise<void> {
  const tokenStores = [
    ['label', 'labelNames'],
    ['relationshipType', 'relationshipTypeNames'],
    ['propertyKey', 'propertyKeyNames'],
  ] as const;
  for (const [tokens, names] of tokenStores) {
    const store = await examineDynamic(context, names);
    context.reader.file(tokens).scan(({ id, nameId }) => {
      if (!store.inUse.has(nameId) || store.reference(nameId)) return;
      store.findings.add('dynamic.multipleOwners', nameId, store.render(nameId), [`Token[${id}]`]);
    });
    store.reportOrphans();
  }
  await examineDynamic(context, 'schema');
}

function examineTails(context: CheckContext): void {
  const keys: StoreKey[] = ['node', 'relationship', 'relationshipGroup', 'property'];
  keys.push('nodeLabels', 'propertyStrings', 'propertyArrays');
  for (const key of keys) {
    const records = new StoreRecords(context, key);
    if (!records.readTail().some((byte) => byte !== 0)) continue;
    new RecordFindings(records, context.report).add('record.trailingBytes', records.endId, '');
  }
}

function claimGraphProperties({ reader, report }: CheckContext, owners: PropertyOwners): void {
  const findings = new RecordFindings({ fileName: METADATA_FILE, recordBytes: 9 }, report);
  const owner = { id: 5, nextProp: reader.metadata.firstGraphProperty };
  owners.claim(owner, findings, ({ nextProp }) => `NeoStore[used=true,prop=${nextProp}]`);
}
