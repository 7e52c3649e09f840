import { METADATA_RECORD_BYTES, metadataRecordOf } from '../../store/files/neostore-metadata.ts';
import { METADATA_FILE, type StoreKey } from '../../store/files/store-files.ts';
import type { RecordOf } from '../../store/graph/store-reader.ts';
import type { PropertyOwnerView } from '../../store/records/plain-views.ts';
import { NULL_REFERENCE } from '../../store/records/record-codec.ts';
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
 * Checks properties, the dynamic records of names, schema, strings and arrays (spec consistency-check 3.1, 3.5, 3.6), and for every record
 * store its id file and any bytes after the last record. Store files are read sequentially: dynamic records, then properties, then their
 * owners. So every reference can be compared with bits that describe its target.
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
  const views = context.reader.format.plainViews?.owners;
  await scanOwners(stores.node, views?.node, owners, (node) => owners.claim(node, nodes, renderNode));
  await scanOwners(stores.relationship, views?.relationship, owners, (r) => {
    owners.claim(r, relationships, renderRelationship);
  });
  await owners.reportFaults();
  if (context.parts.propertyOwners) await reportMultipleOwners(context, stores, owners, nodes, relationships);
}

/** Lets the records of a store claim their properties. Calls `claim` for those whose bytes do not prove that all is well. */
async function scanOwners<K extends 'node' | 'relationship'>(
  records: StoreRecords<K>,
  view: PropertyOwnerView | undefined,
  owners: PropertyOwners,
  claim: (record: RecordOf[K]) => void,
): Promise<void> {
  const record = records.create();
  const { recordBytes } = records;
  await records.scanBytes('property owners', (buffer, first, end) => {
    for (let id = first, offset = 0; id < end; id++, offset += recordBytes) {
      if (view !== undefined) {
        if (!view.isInUse(buffer, offset)) continue;
        const chain = view.nextProp(buffer, offset);
        if (chain === NULL_REFERENCE || owners.claimQuickly(chain)) continue;
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

/** Names and schema rules: checks only how their records are linked; the token and schema checks look at the content. */
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
  const findings = new RecordFindings({ fileName: METADATA_FILE, recordBytes: METADATA_RECORD_BYTES }, report);
  const owner = { id: metadataRecordOf('firstGraphProperty'), nextProp: reader.metadata.firstGraphProperty };
  owners.claim(owner, findings, ({ nextProp }) => `NeoStore[used=true,prop=${nextProp}]`);
}
