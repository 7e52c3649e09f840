import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  areaOf,
  type Corruption,
  CorruptionLab,
  loadCorruptions,
  realFindings,
  unshareFile,
} from '../../test/support/corpus/corruptions.ts';
import { campaign } from '../../test/support/random/campaign-size.ts';
import { examineRecords } from '../../test/support/stores/examine-records.ts';
import { editRecord } from '../../test/support/stores/record-edit.ts';
import { checkContextOf } from '../../test/support/stores/record-findings.ts';
import { StoreReader } from '../store/graph/store-reader.ts';
import { NULL_REFERENCE } from '../store/records/record-codec.ts';
import { describeKind } from './findings/check-kinds.ts';
import type { Finding } from './findings/finding.ts';

/** Areas covered by the checks of records; the rest of these areas concerns indexes and constraints. */
const AREAS = new Set([
  'primitive',
  'node',
  'relationship',
  'group',
  'property',
  'dynamic',
  'dynamicLabel',
  'checkerException',
]);
const OTHER_CHECKS = new Set(['node.notIndexed', 'node.uniqueIndexNotUnique', 'primitive.missingMandatoryProperty']);

interface Difference {
  /** Case id, without the store. */
  id: string;
  /** Kinds that the real checker reports and we do not. */
  missing?: string[];
  /** Kinds that we report and the real checker does not. */
  extra?: string[];
  why: string;
}

/** Where we differ from the real checker of the version that wrote the store. */
const differences: Difference[] = [
  {
    id: 'node-13',
    missing: ['checkerException'],
    why: 'the real one fails on the cycle of label records, which it reports too; there is nothing more to say',
  },
  {
    id: 'node-15',
    missing: ['node.dynamicRecordChainCycle'],
    why: 'there is no cycle: the real one reads a record that is not in use and follows its next pointer, 0',
  },
  {
    id: 'node-17',
    missing: ['primitive.propertyNotFirstInChain'],
    why: 'a record that is not in use has no place in a chain; the real one compares its zeros',
  },
  { id: 'rel-15', missing: ['primitive.propertyNotFirstInChain'], why: 'as node-17' },
  {
    id: 'rel-20',
    missing: ['checkerException'],
    extra: ['relationship.sourceNodeNotInUse', 'relationship.sourceNextReferencesOtherNodes'],
    why: 'a node beyond the end of the store makes 3.5.34 fail; it is a node that is not in use',
  },
  {
    id: 'prop-14',
    missing: ['checkerException'],
    why: 'the real one fails on the value, twice; we name it: property.valueUnreadable',
  },
  {
    id: 'idx-08t',
    missing: ['checkerException'],
    why: 'the real one fails at an index file; not a matter of records',
  },
  { id: 'idx-13', missing: ['checkerException'], why: 'as idx-08t' },
  {
    id: 'rel-02',
    extra: ['relationship.sourceNextReferencesOtherNodes'],
    why: 'the real one looks at most neighbours from one side only; we look from both',
  },
  { id: 'rel-03', extra: ['relationship.targetNextReferencesOtherNodes'], why: 'as rel-02' },
  { id: 'rel-04', extra: ['relationship.sourceNextReferencesOtherNodes'], why: 'as rel-02' },
  { id: 'rel-10', extra: ['relationship.targetPrevReferencesOtherNodes'], why: 'as rel-02' },
  { id: 'rel-11', extra: ['relationship.targetPrevDoesNotReferenceBack'], why: 'as rel-02' },
  {
    id: 'rel-13',
    extra: ['relationship.sourcePrevReferencesOtherNodes'],
    why: 'without its first mark, the length in the previous field is a pointer, and it leads to other nodes',
  },
  {
    id: 'rel-14',
    extra: ['relationship.sourceNextDoesNotReferenceBack', 'relationship.targetNextDoesNotReferenceBack'],
    why: 'with a first mark, the previous field is a length and refers to nothing: the predecessor is not referenced back',
  },
  {
    id: 'prop-05',
    extra: ['property.nextDoesNotReferenceBack'],
    why: 'the first record of a chain has no previous one, so the last does not lead to it',
  },
];

/** Damage that the real checker misses, wholly or partly (spec consistency-check 5), and what we find. */
const findsMore: Record<string, string[]> = {
  'node-14': ['node.dynamicLabelsOfOtherNode'],
  'node-16': ['dynamicLabel.ownerHasNoDynamicLabels'],
  'node-19': ['property.orphanPropertyChain'],
  'node-19o': ['property.orphanPropertyChain'],
  'node-20': ['property.orphanPropertyChain'],
  'node-21': ['group.notInChainOfOwner'],
  'node-23': ['group.notInChainOfOwner'],
  'node-24': ['record.idIsFree'],
  'node-25': ['record.aboveHighId'],
  'rel-05': ['property.orphanPropertyChain'],
  'rel-08': ['relationship.chainLengthWrong'],
  'rel-19': ['relationship.loopChainsDiffer'],
  'prop-08': ['dynamic.orphanDynamicRecord'],
  'prop-14': ['property.valueUnreadable'],
  'prop-16': ['property.stringNotFirstInChain', 'dynamic.orphanDynamicRecord'],
  'prop-16o': ['property.stringNotFirstInChain', 'dynamic.orphanDynamicRecord'],
  'prop-17': ['dynamic.multipleOwners', 'dynamic.orphanDynamicRecord'],
  'prop-17o': ['dynamic.multipleOwners', 'dynamic.orphanDynamicRecord'],
  'dyn-02': ['record.unreadable'],
  'dyn-08': ['dynamic.orphanDynamicRecord'],
  'tok-08': ['dynamic.multipleOwners'],
  'grp-02': ['group.notInChainOfOwner'],
  'grp-09': ['group.notInChainOfOwner'],
  'grp-12': ['group.notInChainOfOwner'],
};

/** The checks of records do not begin on these: a file is missing, or the store version is unknown. */
const REFUSED = new Set(['met-01', 'met-04', 'met-08']);

/** Such a node has lost its properties or taken those of another. Only the check of owners can tell which node it is. */
const UNNAMED = new Set(['node-19', 'node-19o', 'node-20']);

let lab: CorruptionLab;
beforeAll(async () => {
  lab = await CorruptionLab.open();
});
afterAll(() => lab.close());

async function examine(corruption: Corruption): Promise<Finding[]> {
  return await examineStore(
    lab.apply(corruption),
    corruption.flags.some((flag) => flag.includes('property-owners')),
  );
}

async function examineStore(store: string, propertyOwners: boolean): Promise<Finding[]> {
  const reader = new StoreReader(store);
  const findings: Finding[] = [];
  try {
    await examineRecords(checkContextOf(reader, (finding) => findings.push(finding), { propertyOwners }));
  } finally {
    reader.close();
  }
  return findings;
}

function caseOf({ id }: Corruption): string {
  return id.slice(id.indexOf('/') + 1);
}

const corruptions = loadCorruptions().filter((corruption) => !REFUSED.has(caseOf(corruption)));

test.each(campaign.some(corruptions).map((corruption) => [corruption.id, corruption] as const))(
  'the damage %s is found',
  async (_, corruption) => {
    const real = [...realFindings(corruption)].filter(([kind]) => AREAS.has(areaOf(kind)) && !OTHER_CHECKS.has(kind));
    const findings = await examine(corruption);
    const found = new Set<string>(findings.map(({ kind }) => kind));
    const difference = differences.find(({ id }) => id === caseOf(corruption));

    const expected = real.map(([kind]) => kind).filter((kind) => !difference?.missing?.includes(kind));
    expect([...found]).toEqual(expect.arrayContaining([...expected, ...(findsMore[caseOf(corruption)] ?? [])]));

    const additional = [...found].filter((kind) => describeKind(kind as Finding['kind']).origin === 'both');
    const allowed = [...expected, ...(difference?.extra ?? [])];
    expect(additional.filter((kind) => !allowed.includes(kind))).toEqual([]);

    if (findings.length > 0 && /\/(node|rel|prop|dyn|grp)-/.test(corruption.id) && !UNNAMED.has(caseOf(corruption))) {
      const edits = corruption.edits.filter((edit) => edit.op === 'write');
      expect(findings.some((finding) => edits.some(({ file, offset }) => isNamed(finding, file, offset)))).toBe(true);
    }

    for (const { kind, severity } of findings) {
      const entry = real.find(([realKind]) => realKind === kind)?.[1];
      if (entry !== undefined)
        expect([kind, severity]).toEqual([kind, entry.severity === 'WARN' ? 'warning' : 'error']);
    }
  },
);

/** The node to which each property record of an intact store belongs. */
function ownersOf(store: string): Map<number, number> {
  const reader = new StoreReader(store);
  try {
    const owners = new Map<number, number>();
    reader.file('node').scan(({ id, nextProp }) => {
      for (let at = nextProp; at !== NULL_REFERENCE; at = reader.readProperty(at)!.next) owners.set(at, id);
    });
    return owners;
  } finally {
    reader.close();
  }
}

// 3.4.9 leaves such chains, and uses parts of them again, when a node is deleted with its relationships while these get properties. Its
// checker and that of 3.5.34 accept every one of these stores.
test('the same damage in a property chain without an owner is no error', async () => {
  const owners = new Map((['base34', 'base35'] as const).map((base) => [base, ownersOf(lab.copy(base))]));
  let seen = 0;
  for (const corruption of corruptions.filter(({ id }) => /prop-\d+$/.test(id))) {
    const edit = corruption.edits.find(({ file }) => file === 'neostore.propertystore.db');
    if (edit?.op !== 'write') continue;
    const store = lab.apply(corruption);
    unshareFile(join(store, 'neostore.nodestore.db'));
    const record = Math.floor(edit.offset / kindOfFile['neostore.propertystore.db']![1]);
    editRecord(store, 'node', owners.get(corruption.store)!.get(record)!, { nextProp: NULL_REFERENCE });
    const findings = await examineStore(store, true);
    expect(
      findings.filter(({ severity }) => severity === 'error').map(({ kind }) => `${corruption.id}: ${kind}`),
    ).toEqual([]);
    if (findings.some(({ kind }) => kind === 'property.orphanRecordFaulty')) seen++;
  }
  expect(seen).toBeGreaterThan(10);
});

test('intact stores have no findings', async () => {
  for (const corruption of corruptions.filter((one) => one.edits.length === 0)) {
    expect(await examine(corruption)).toEqual([]);
  }
});

const kindOfFile: Record<string, [string, number]> = {
  'neostore.nodestore.db': ['Node', 15],
  'neostore.nodestore.db.labels': ['DynamicRecord', 64],
  'neostore.relationshipstore.db': ['Relationship', 34],
  'neostore.relationshipgroupstore.db': ['RelationshipGroup', 25],
  'neostore.propertystore.db': ['Property', 41],
  'neostore.propertystore.db.strings': ['DynamicRecord', 128],
  'neostore.propertystore.db.arrays': ['DynamicRecord', 128],
};

function isNamed(finding: Finding, file: string, offset: number): boolean {
  const [kind, size] = kindOfFile[file]!;
  const id = Math.floor(offset / size);
  return [finding.text, ...finding.inconsistentWith].some((text) => text.startsWith(`${kind}[${id},`));
}
