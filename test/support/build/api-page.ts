import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const docs = new URL('../../../docs/', import.meta.url);
const EXAMPLE = /(<!-- example ([a-z-]+) -->\n)[\s\S]*?(<!-- end -->)/g;

export const apiPagePath = fileURLToPath(new URL('api.md', docs));

/** The page of the API with the present text of each example in its place. */
export function withExamples(page: string): string {
  return page.replace(EXAMPLE, (_, begin: string, name: string, end: string) => {
    const code = readFileSync(new URL(`examples/${name}.ts`, docs), 'utf8');
    return `${begin}\n\`\`\`ts\n${code}\`\`\`\n\n${end}`;
  });
}

/** Names of the examples on the page. */
export function examplesOn(page: string): string[] {
  return [...page.matchAll(EXAMPLE)].map((match) => match[2]!);
}
