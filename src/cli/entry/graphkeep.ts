import { runGraphkeep } from '../graphkeep/front.ts';
import { createProcessContext } from '../process-context.ts';

process.exitCode = await runGraphkeep(process.argv.slice(2), createProcessContext());
