import type { z } from 'zod';
import type { GraphkeepError } from '../../base/errors.ts';
import { jsonSchema } from './config-schema.ts';
import { wrong } from './file-text.ts';
import { nearestName } from './nearest-name.ts';
import type { Path, YamlTree } from './yaml-tree.ts';

type Issue = z.core.$ZodIssue;

/**
 * What is wrong with a configuration, at its place: of several faults the first one in the file. An unknown key comes before all others:
 * it may be why a known one is missing.
 */
export function describeFault(issues: readonly Issue[], tree: YamlTree): GraphkeepError {
  const unknown = issues.filter(({ code }) => code === 'unrecognized_keys');
  const faults = (unknown.length > 0 ? unknown : issues).flatMap((issue) => faultsOf(issue, tree));
  const rank = ({ place }: GraphkeepError) => (place?.line ?? 0) * 10_000 + (place?.column ?? 0);
  return faults.reduce((first, fault) => (rank(fault) < rank(first) ? fault : first));
}

function faultsOf(issue: Issue, tree: YamlTree): GraphkeepError[] {
  const path = issue.path as Path;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, tree));
  if (issue.code === 'invalid_key') {
    return [wrong(issue.issues[0]?.message ?? issue.message, tree.placeOfKey(path))];
  }
  const where = path.length === 0 ? 'it' : `'${path.join('.')}'`;
  if (issue.code === 'invalid_type' && isMissing(path, tree)) {
    return [wrong(`${where} is missing`, tree.placeOfKey(path.slice(0, -1)))];
  }
  const what = issue.code === 'invalid_type' && issue.expected === 'object' ? 'must have keys below it' : issue.message;
  return [wrong(`${where} ${what}`, tree.placeOf(path))];
}

function isMissing(path: Path, { value }: YamlTree): boolean {
  let at: unknown = value;
  for (const step of path) at = (at as Record<string | number, unknown> | null | undefined)?.[step];
  return at === undefined;
}

function unknownKey(path: Path, key: string, tree: YamlTree): GraphkeepError {
  const known = knownKeys(path);
  const nearest = nearestName(key, known);
  const within = path.length === 0 ? 'at the top' : `in '${path.join('.')}'`;
  const proposal = nearest === undefined ? '' : `; did you mean '${nearest}'?`;
  const hint = known.length === 0 ? undefined : `There may be: ${known.join(', ')}.`;
  return wrong(`there is no key '${key}' ${within}${proposal}`, tree.placeOfKey([...path, key]), hint);
}

interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | false;
}

/** The keys that the schema has at a path. */
function knownKeys(path: Path): string[] {
  let node: SchemaNode | undefined = jsonSchema() as SchemaNode;
  for (const step of path) {
    node = node?.properties?.[step] ?? (node?.additionalProperties || undefined);
  }
  return Object.keys(node?.properties ?? {});
}
