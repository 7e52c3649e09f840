import { runGraphkeep } from '../graphkeep/front.ts';
import { runProgram } from '../program-run.ts';

await runProgram('graphkeep', runGraphkeep);
