import type { StoreKey } from '../../store/files/store-files.ts';
import type { IndexRule } from '../../store/graph/schema-rule.ts';
import { checkCounts } from '../counts/counts-check.ts';
import type { CheckContext, CheckParts } from '../findings/check-context.ts';
import { checkIndexes } from '../indexes/index-check.ts';
import { checkLabelScan } from '../label-scan/label-scan-check.ts';
import { checkMandatoryProperties } from '../names-and-rules/mandatory-properties.ts';
import { checkSchema } from '../names-and-rules/schema-check.ts';
import { readStoredRules } from '../names-and-rules/stored-rules.ts';
import { checkTokens } from '../names-and-rules/token-check.ts';
import { examineProperties } from '../properties/property-examination.ts';
import { examineGraph } from './graph-examination.ts';

/** A part of a check that is independent of the others: it can run concurrently, in another thread. */
export interface CheckPart {
  /** For messages. */
  readonly name: string;
  isWanted(parts: CheckParts): boolean;
  /** What it reads, for estimating the time left. Trees are listed separately: label scan store, schema indexes. */
  readonly reads: readonly (StoreKey | 'labelScan' | 'indexes')[];
  run(context: CheckContext): Promise<void>;
}

const always = () => true;
const withGraph = ({ graph }: CheckParts) => graph;

/** All parts, longest first. Findings come in this order. */
export const checkParts: readonly CheckPart[] = [
  {
    name: 'schema',
    isWanted: always,
    reads: [],
    async run(context) {
      checkSchema(context, readStoredRules(context.reader));
      if (context.parts.graph) checkTokens(context);
    },
  },
  {
    name: 'properties',
    isWanted: withGraph,
    reads: ['propertyStrings', 'propertyArrays', 'property', 'node', 'relationship'],
    run: examineProperties,
  },
  {
    name: 'records',
    isWanted: withGraph,
    reads: ['nodeLabels', 'node', 'relationshipGroup', 'relationship'],
    run: examineGraph,
  },
  {
    name: 'indexes',
    isWanted: always,
    reads: ['node', 'property', 'indexes', 'indexes'],
    async run(context) {
      const { rules, malformed } = readStoredRules(context.reader);
      const indexRules = rules.filter((rule): rule is IndexRule => rule.kind === 'index');
      await checkIndexes(context, indexRules, malformed);
    },
  },
  { name: 'counts', isWanted: withGraph, reads: ['node', 'relationship'], run: checkCounts },
  {
    name: 'label scan store',
    isWanted: ({ labelScan }) => labelScan,
    reads: ['node', 'labelScan', 'labelScan'],
    run: checkLabelScan,
  },
  {
    name: 'mandatory properties',
    isWanted: withGraph,
    reads: [],
    run: (context) => checkMandatoryProperties(context, readStoredRules(context.reader).rules),
  },
];
