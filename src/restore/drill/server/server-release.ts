import { GraphkeepError } from '../../../base/errors.ts';
import { describeKernelVersion } from '../../../log/modern/fields/kernel-version.ts';

/** Major releases of Java; without `most` later ones are taken too. */
export interface JavaRange {
  readonly least: number;
  readonly most?: number;
}

/** The version of a server, and what depends on it. */
export class ServerRelease {
  readonly text: string;
  private readonly major: number;
  private readonly minor: number;

  /** @param text begins with two numbers: `5.26.30`, `2026.08` */
  constructor(text: string) {
    const [major, minor] = text.split('.').map(Number);
    this.text = text;
    this.major = major!;
    this.minor = minor!;
  }

  /** True from this version on: `isFrom(5, 20)`. */
  isFrom(major: number, minor = 0): boolean {
    return this.major > major || (this.major === major && this.minor >= minor);
  }

  /** Settings and commands have their present names. */
  get hasPresentNames(): boolean {
    return this.isFrom(5);
  }

  /** What it runs on: 4.x was made for 11, and runs on 17 if it is given access to its inner packages. */
  get java(): JavaRange {
    if (this.isFrom(2025)) return { least: 21 };
    return this.isFrom(5) ? { least: 17, most: 21 } : { least: 11, most: 17 };
  }

  /** Whether it can recover a log with this version: one of its own or an earlier release, but not of the series before 5. */
  opens(kernelVersion: number): boolean {
    const since = firstReleaseOf(kernelVersion);
    if (since === undefined) return false;
    return this.isFrom(since.major, since.minor) && this.hasPresentNames === since.hasPresentNames;
  }

  /** @throws GraphkeepError `server.version` */
  requireOpens(kernelVersion: number): void {
    if (this.opens(kernelVersion)) return;
    throw new GraphkeepError('server.version', `Neo4j ${this.text} cannot open this database`, {
      observed: `its log was written by ${describeKernelVersion(kernelVersion)}`,
    });
  }
}

/** The release that a description begins with; undefined for a version that is not known. */
function firstReleaseOf(kernelVersion: number): ServerRelease | undefined {
  const [since] = describeKernelVersion(kernelVersion).split(' ');
  return /^\d/.test(since!) ? new ServerRelease(since!) : undefined;
}
