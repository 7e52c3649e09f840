import { runNeo4jAdmin } from '../neo4j-admin/front.ts';
import { createProcessContext } from '../process-context.ts';

process.exitCode = await runNeo4jAdmin(process.argv.slice(2), createProcessContext());
