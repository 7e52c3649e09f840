import type { GivenConfig } from '../../config/database-location.ts';
import { type ClientConfig, loadClientConfig } from '../../config/neo4j-conf.ts';
import type { CommandContext } from '../command-context.ts';

/** The configuration from NEO4J_HOME and NEO4J_CONF, with the settings of an additional file on top. */
export function loadConfig(context: CommandContext, additionalFile?: string): Promise<ClientConfig> {
  return loadClientConfig({
    cwd: context.cwd,
    home: context.env.NEO4J_HOME,
    confDirectory: context.env.NEO4J_CONF,
    additionalFile,
  });
}

/** The same for a command that looks for the neo4j.conf of a server: the user may have named another one. */
export async function loadGivenConfig(context: CommandContext, additionalFile?: string): Promise<GivenConfig> {
  const config = await loadConfig(context, additionalFile);
  return { config, isNamed: Boolean(context.env.NEO4J_CONF) || additionalFile !== undefined };
}
