import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** How one run of a JVM takes part in sharing classes. */
export interface ClassSharing {
  /** For the command line of java. */
  readonly flags: readonly string[];
  /** Call when the JVM has ended: keeps the archive that it left, if it was to leave one. */
  keep(): Promise<void>;
}

/** The archives that a JVM of this process is about to leave: one is enough. */
const making = new Set<string>();

const none: ClassSharing = { flags: [], keep: async () => {} };

/**
 * A server loads about ten thousand classes, which is most of its start. The first JVM of a kind that ends normally leaves an archive of
 * its loaded classes, and later ones map that into memory instead of reading jars (`-XX:SharedArchiveFile`, JDK 13 or newer). The same
 * classes run; the JVM ignores an archive that does not fit. Only if GRAPHKEEP_SHARED_CLASSES is set: a benchmark measures servers as users
 * start them.
 */
export async function shareClasses(
  directory: string,
  kind: string,
  classPath: string,
  java = 'java',
): Promise<ClassSharing> {
  if (!process.env.GRAPHKEEP_SHARED_CLASSES) return none;
  const digest = createHash('sha256').update(classPath).update(describeJava(java)).digest('hex').slice(0, 12);
  const archive = path.join(directory, `${kind}-${digest}.jsa`);
  if (existsSync(archive) || making.has(archive)) {
    const flags = existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`, '-Xlog:disable'] : [];
    return { ...none, flags };
  }
  making.add(archive);
  const temporary = `${archive}.${randomUUID()}`;
  const keep = async () => {
    making.delete(archive);
    if (!existsSync(temporary)) return; // It was killed.
    if (existsSync(archive)) await rm(temporary);
    else await rename(temporary, archive);
  };
  return { flags: [`-XX:ArchiveClassesAtExit=${temporary}`, '-Xlog:disable'], keep };
}

const described = new Map<string, Buffer>();

/** The version of Java: an archive fits only one. */
function describeJava(java: string): Buffer {
  let description = described.get(java);
  if (description === undefined) {
    description = execFileSync(java, ['-Xinternalversion']);
    described.set(java, description);
  }
  return description;
}
