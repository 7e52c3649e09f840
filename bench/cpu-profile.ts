import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What `node --cpu-prof` writes, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The functions in which the profiles of a directory spent most time of their own, one line each. */
export function renderTopFunctions(directory: string, count: number): string {
  const byFunction = new Map<string, number>();
  let total = 0;
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.cpuprofile'))) {
    const profile = JSON.parse(readFileSync(path.join(directory, name), 'utf8')) as CpuProfile;
    const titles = new Map(profile.nodes.map(({ id, callFrame }) => [id, titleOf(callFrame)]));
    profile.samples.forEach((id, i) => {
      const title = titles.get(id)!;
      const ms = profile.timeDeltas[i]! / 1000;
      byFunction.set(title, (byFunction.get(title) ?? 0) + ms);
      total += ms;
    });
  }
  const top = [...byFunction].sort(([, a], [, b]) => b - a).slice(0, count);
  return top
    .map(([title, ms]) => `${ms.toFixed(0).padStart(8)} ms ${((ms / total) * 100).toFixed(1).padStart(5)} %  ${title}`)
    .join('\n');
}

function titleOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const place = url === '' ? '' : ` ${url.split('/').at(-1)}:${lineNumber + 1}`;
  return `${functionName === '' ? '(anonymous)' : functionName}${place}`;
}
