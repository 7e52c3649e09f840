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
