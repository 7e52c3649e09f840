import { asGraphkeepError } from '../../../src/base/file-errors.ts';
import { type CheckKind, checkKinds } from '../../../src/check/findings/check-kinds.ts';
import { checkStore } from '../../../src/check/store-check.ts';
import { type Corruption, CorruptionLab, loadCorruptions, realFindings } from '../corpus/corruptions.ts';

/** What the checkers say about one corruption, by kinds. */
export interface ComparedCorruption {
  corruption: Corruption;
  both: string[];
  onlyOurs: string[];
  onlyTheirs: string[];
  /** Kinds whose severity differs from the real checker's. */
  otherSeverity: string[];
  /** Our verdict; warnings count as consistent. */
  ours: 'consistent' | 'inconsistent' | 'not checkable';
  theirs: 'consistent' | 'inconsistent' | 'aborted';
}

/** Kinds of the real checker that we do not report for a corruption, and why. Ids without their store stand for both stores. */
export interface ArguedDifference {
  ids: readonly string[];
  kinds: readonly string[];
  why: string;
}

export const arguedDifferences: readonly ArguedDifference[] = [
  {
    ids: ['node-13', 'base35/rel-20', 'prop-14', 'base35/idx-08t', 'base35/idx-13'],
    kinds: ['checkerException'],
    why: 'The real checker stumbles over an exception of its own. We name what is wrong.',
  },
  {
    ids: ['node-15'],
    kinds: ['node.dynamicRecordChainCycle'],
    why: 'There is no cycle: the record is not in use, and its stale pointer is not followed.',
  },
  {
    ids: ['node-17', 'rel-15'],
    kinds: ['primitive.propertyNotFirstInChain', 'node.notIndexed', 'primitive.missingMandatoryProperty'],
    why: 'Drawn from the stale content of a record that is not in use. We report that it is not, and the chain that nobody owns any more.',
  },
  {
    ids: ['lss-10', 'base35/lss-10s', 'lss-12', 'base34/lss-07'],
    kinds: ['labelScan.nodeLabelNotInIndex', 'labelScan.nodeDoesNotHaveExpectedLabel'],
    why: 'The file is damaged or missing as a whole, which we report once. What single lookups in it give means nothing.',
  },
  {
    ids: ['base35/idx-09'],
    kinds: ['node.notIndexed'],
    why: 'The entry is there, but out of order, so that lookups miss it. We report the order.',
  },
];

/** Why a kind of the real checker is missing in ours; undefined without an argument. */
export function argumentFor(id: string, kind: string): ArguedDifference | undefined {
  const short = id.slice(id.indexOf('/') + 1);
  return arguedDifferences.find(({ ids, kinds }) => (ids.includes(id) || ids.includes(short)) && kinds.includes(kind));
}

/** Checks corruptions of the corpus, all unless given, and compares with what the real checker of their version said. */
export async function compareCheckers(corruptions = loadCorruptions()): Promise<ComparedCorruption[]> {
  const lab = await CorruptionLab.open();
  try {
    const compared: ComparedCorruption[] = [];
    for (const corruption of corruptions) compared.push(await compareOne(lab, corruption));
    return compared;
  } finally {
    await lab.close();
  }
}

async function compareOne(lab: CorruptionLab, corruption: Corruption): Promise<ComparedCorruption> {
  const real = realFindings(corruption);
  const expected = corruption.expected[corruption.store === 'base34' ? '3.4.9' : '3.5.34']!;
  const store = await lab.apply(corruption);
  const propertyOwners = corruption.flags.includes('--check-property-owners=true');
  let found: readonly CheckKind[] = [];
  let ours: ComparedCorruption['ours'];
  try {
    const result = await checkStore(store, { propertyOwners });
    found = [...result.byKind.keys()];
    ours = result.consistent ? 'consistent' : 'inconsistent';
  } catch (error) {
    if (asGraphkeepError(error).code === 'internal') throw error;
    ours = 'not checkable';
  }
  const names: ReadonlySet<string> = new Set(found);
  const both = found.filter((kind) => real.has(kind));
  return {
    corruption,
    both: both.toSorted(),
    onlyOurs: found.filter((kind) => !real.has(kind)).toSorted(),
    onlyTheirs: [...real.keys()].filter((kind) => !names.has(kind)).toSorted(),
    otherSeverity: both.filter(
      (kind) => checkKinds[kind].severity !== (real.get(kind)!.severity === 'ERROR' ? 'error' : 'warning'),
    ),
    ours,
    theirs: expected.aborted !== undefined ? 'aborted' : expected.exit === 0 ? 'consistent' : 'inconsistent',
  };
}

/** The sections of the kinds in the document, by the first word of a kind. */
const kindSections: readonly (readonly [title: string, ...subjects: string[]])[] = [
  ['Any record, properties of nodes and relationships', 'checkerException', 'record', 'primitive'],
  ['Nodes', 'node'],
  ['Relationships', 'relationship'],
  ['Groups of dense nodes', 'group'],
  ['Properties', 'property'],
  ['Dynamic records', 'dynamic', 'dynamicLabel'],
  ['Names: labels, relationship types, property keys', 'name'],
  ['Schema rules', 'schema'],
  ['Counts', 'counts', 'countsStoreUnusable'],
  ['Label scan store', 'labelScan'],
  ['Indexes', 'index'],
  ['Structure of trees', 'indexStructure'],
];

/** The tables of kinds as Markdown, one section for each subject. */
export function renderKinds(): string {
  const kinds = Object.entries(checkKinds);
  const subjectOf = (kind: string) => kind.split('.')[0]!;
  const unknown = kinds.filter(([kind]) => !kindSections.some(([, ...subjects]) => subjects.includes(subjectOf(kind))));
  if (unknown.length > 0) throw new Error(`kinds without a section: ${unknown.map(([kind]) => kind)}`);
  const sections = kindSections.map(([title, ...subjects], i) => {
    const rows = kinds
      .filter(([kind]) => subjects.includes(subjectOf(kind)))
      .map(([kind, { severity, origin, message }]) => `| ${kind} | ${severity} | ${origin} | ${message} |`);
    return [`### 3.${i + 1} ${title}`, '', '| kind | severity | origin | message |', '|---|---|---|---|', ...rows].join(
      '\n',
    );
  });
  return sections.join('\n\n');
}

/** The cells of a corruption's row that say what was found. */
export function renderOutcome({ both, onlyOurs, onlyTheirs, ours, theirs }: ComparedCorruption): string {
  return [kindList(both), kindList(onlyOurs), kindList(onlyTheirs), theirs, ours].join(' | ');
}

/** The comparison as Markdown. Corruptions of base34 with the same outcome as in base35 are not repeated. */
export function renderComparison(compared: readonly ComparedCorruption[]): string {
  const seen = new Set<string>();
  const rows: string[] = [];
  for (const row of compared) {
    const { corruption } = row;
    const outcome = renderOutcome(row);
    const key = `${corruption.id.slice(7)} ${outcome}`;
    if (seen.has(key)) continue;
    seen.add(key);
    rows.push(`| ${corruption.id} | ${corruption.what.replaceAll('|', '\\|')} | ${outcome} |`);
  }
  const reasons = arguedDifferences.map(
    ({ ids, kinds, why }) => `| ${ids.join(', ')} | ${kinds.join(', ')} | ${why} |`,
  );
  return [
    ...summarize(compared),
    '',
    '| corruption | what | found by both | only by graphkeep | only by the real checker | real checker | graphkeep |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
    'Why graphkeep does not give what only the real checker gives:',
    '',
    '| corruption | kinds | why |',
    '|---|---|---|',
    ...reasons,
  ].join('\n');
}

function summarize(compared: readonly ComparedCorruption[]): string[] {
  const count = (choose: (row: ComparedCorruption) => boolean) => compared.filter(choose).length;
  const isFound = ({ both, onlyOurs, ours }: ComparedCorruption) =>
    both.length + onlyOurs.length > 0 || ours === 'not checkable';
  return [
    `${compared.length} stores, each with one corruption (two without any):`,
    '',
    `- graphkeep notices ${count(isFound)}, the real checkers ${count(({ both, onlyTheirs, theirs }) => both.length + onlyTheirs.length > 0 || theirs === 'aborted')}, of which ${count(({ theirs }) => theirs === 'aborted')} end without a complete report.`,
    `- Inconsistent for graphkeep only: ${count(({ ours, theirs }) => ours === 'inconsistent' && theirs === 'consistent')}; for the real checkers only: ${count(({ ours, theirs }) => ours === 'consistent' && theirs !== 'consistent')}.`,
  ];
}

function kindList(kinds: readonly string[]): string {
  return kinds.join(', ');
}
