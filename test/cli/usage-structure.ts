/*
 * A usage text of `neo4j-admin` without its prose. What scripts and people look up stays: everything before the usage, the syntax lines,
 * the blocks, names and their order, defaults, columns. Every description becomes `<text>`. The captures of the corpus are stored in this
 * form.
 */

const TEXT = '<text>';

/** `output` with the prose of its usage, if any, replaced; a line outside the known layout stays as it is. */
export function maskUsageProse(output: string): string {
  const start = /^usage: neo4j-admin /m.exec(output)?.index;
  if (start === undefined) return output;
  const blocks = output.slice(start).replace(/\n$/, '').split('\n\n').map(maskBlock);
  const masked = blocks.filter((block, at) => block !== TEXT || blocks[at - 1] !== TEXT);
  return `${output.slice(0, start)}${masked.join('\n\n')}\n`;
}

function maskBlock(block: string): string {
  const [head = '', ...lines] = block.split('\n');
  if (head.startsWith('usage: ') || (lines.length === 0 && head === 'available commands:')) return block;
  if (head === 'environment variables:' || head === 'options:') return [head, ...maskEntries(lines)].join('\n');
  if (/^ {4}\S+$/.test(lines[0] ?? '')) return [head, ...lines.map(maskSummary)].join('\n');
  return TEXT;
}

function maskSummary(line: string): string {
  return line.replace(/^ {8}\S.*$/, `        ${TEXT}`);
}

/** Entries of two columns: a name, then a description that continues in the same column and may end with the default. */
function maskEntries(lines: readonly string[]): string[] {
  const entries: { front: string; words: string[] }[] = [];
  const masked: (string | (typeof entries)[number])[] = [];
  for (const line of lines) {
    const [, front = '', words = ''] = /^( {2,4}\S+ +)(\S.*)$/.exec(line) ?? [];
    const last = entries.at(-1);
    if (front !== '' && line.length <= 80) {
      entries.push({ front, words: [words] });
      masked.push(entries.at(-1)!);
    } else if (last !== undefined && line.length <= 80 && line.search(/\S/) === last.front.length) {
      last.words.push(line.trim());
    } else {
      masked.push(line);
    }
  }
  return masked.map((part) => {
    if (typeof part === 'string') return part;
    const standard = / (\[default:\S*\])$/.exec(part.words.join(' '))?.[1];
    return part.front + [TEXT, ...(standard === undefined ? [] : [standard])].join(' ');
  });
}
