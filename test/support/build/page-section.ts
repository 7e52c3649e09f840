/**
 * Replaces what stands in a page between `<!-- <name>: made by `npm run <script>` -->` and `<!-- /<name> -->`.
 * @throws Error if the page has no such section
 */
export function replaceSection(page: string, name: string, script: string, content: string): string {
  const begin = `<!-- ${name}: made by \`npm run ${script}\` -->`;
  const end = `<!-- /${name} -->`;
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no section ${name}`);
  return `${page.slice(0, from + begin.length)}\n\n${content}\n\n${page.slice(to)}`;
}
