/** The real servers the interop tests run, as ordinary Maven artifacts. Test use only; never shipped. */
export interface Release {
  readonly version: string;
  readonly edition: 'enterprise' | 'community';
  /** Coordinates without version; each is fetched with its runtime dependencies. */
  readonly artifacts: readonly string[];
  /** Folder below `starter/` with a `Starter.java`, where the release has no main class of its own. */
  readonly starter?: string;
  readonly mainClass: string;
  /** Folder below `starter/` with what adds TLS to the catchup protocol, and the services among its classes. */
  readonly secure?: { readonly folder: string; readonly services: Readonly<Record<string, string>> };
}

const enterprise = ['org.neo4j:neo4j-enterprise', 'org.neo4j.app:neo4j-server-enterprise', 'org.neo4j:neo4j-backup'];
const community = ['org.neo4j:neo4j', 'org.neo4j.app:neo4j-server', 'org.neo4j:neo4j-dbms'];

const releases = [
  {
    version: '3.4.9',
    edition: 'enterprise',
    artifacts: enterprise,
    starter: 'enterprise-3.4',
    mainClass: 'Starter',
    secure: {
      folder: 'secure-3.4',
      services: { 'org.neo4j.backup.impl.BackupSupportingClassesFactoryProvider': 'SecureBackup' },
    },
  },
  {
    version: '3.5.0-beta03',
    edition: 'enterprise',
    artifacts: enterprise,
    starter: 'enterprise-3.5',
    mainClass: 'Starter',
  },
  {
    version: '3.5.34',
    edition: 'community',
    artifacts: community,
    mainClass: 'org.neo4j.server.CommunityEntryPoint',
  },
] as const satisfies readonly Release[];

export type Version = (typeof releases)[number]['version'];

export const versions: readonly Version[] = releases.map((release) => release.version);

/** The release with this version; throws on an unknown one. */
export function findRelease(version: Version): Release {
  const release = releases.find((candidate) => candidate.version === version);
  if (release === undefined) throw new Error(`no such release: ${version} (known: ${versions.join(', ')})`);
  return release;
}
