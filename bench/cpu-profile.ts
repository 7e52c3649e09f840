import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** The parts of `node --cpu-prof` output that are used here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: CallFrame;
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Milliseconds by function. */
interface FunctionTimes {
  readonly own: Map<string, number>;
  /** Including callees. */
  readonly total: Map<string, number>;
  allMs: number;
}

/** The functions with the most time in the profiles of a directory: self time, and time including callees. */
export function renderTopFunctions(directory: string, count: number): string {
  const times: FunctionTimes = { own: new Map(), total: new Map(), allMs: 0 };
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.cpuprofile'))) {
    addProfile(JSON.parse(readFileSync(path.join(directory, name), 'utf8')) as CpuProfile, times);
  }
  const render = (map: Map<string, number>) =>
    [...map]
      .sort(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(
        ([title, ms]) =>
          `${ms.toFixed(0).padStart(8)} ms ${((ms / times.allMs) * 100).toFixed(1).padStart(5)} %  ${title}`,
      )
      .join('\n');
  return `own time\n${render(times.own)}\nwith everything called\n${render(times.total)}`;
}

function addProfile(profile: CpuProfile, times: FunctionTimes): void {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const stackOf = (id: number): CallFrame[] => {
    const frames: CallFrame[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) frames.push(nodes.get(at)!.callFrame);
    return frames;
  };
  profile.samples.forEach((id, i) => {
    const ms = profile.timeDeltas[i]! / 1000;
    const stack = stackOf(id);
    const titles = stack.filter(isOurs).map(titleOf);
    const own =
      isOurs(stack[0]!) || titles[0] === undefined ? titleOf(stack[0]!) : `${titleOf(stack[0]!)} < ${titles[0]}`;
    times.allMs += ms;
    add(times.own, own, ms);
    for (const title of new Set(titles)) add(times.total, title, ms);
  });
}

function add(map: Map<string, number>, key: string, ms: number): void {
  map.set(key, (map.get(key) ?? 0) + ms);
}

/** Excludes Node's own code, whose time counts for the function of ours that called it. */
function isOurs({ url }: CallFrame): boolean {
  return url.startsWith('file:');
}

function titleOf({ functionName, url, lineNumber }: CallFrame): string {
  const place = url.startsWith('file:') ? ` ${url.split('/').at(-1)}:${lineNumber + 1}` : '';
  return `${functionName === '' ? '(anonymous)' : functionName}${place}`;
}
