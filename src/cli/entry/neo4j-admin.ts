import { runNeo4jAdmin } from '../neo4j-admin/front.ts';
import { runProgram } from '../program-run.ts';

await runProgram('neo4j-admin', runNeo4jAdmin);
