/** The parts of a version of Neo4j, and what the harness has to know about it: releases differ in names, not in what they do. */
export class ModernVersion {
  private readonly parts: readonly number[];

  constructor(readonly text: string) {
    this.parts = text.split('.').map(Number);
    if (this.parts.length !== 3 || this.parts.some((part) => !Number.isInteger(part)) || this.parts[0]! < 4) {
      throw new Error(`not a version from 4.0 on: ${text}`);
    }
  }

  /** True from this version on: `isFrom(5, 15)`. */
  isFrom(major: number, minor = 0): boolean {
    const [ownMajor, ownMinor] = this.parts as [number, number];
    return ownMajor > major || (ownMajor === major && ownMinor >= minor);
  }

  /** The major releases of Java that it may run on. */
  get java(): { readonly least: number; readonly most: number } {
    return this.isFrom(2025) ? { least: 21, most: 99 } : { least: 11, most: this.isFrom(5) ? 21 : 17 };
  }

  /** Settings and commands have their present names. */
  get hasPresentNames(): boolean {
    return this.isFrom(5);
  }
}
