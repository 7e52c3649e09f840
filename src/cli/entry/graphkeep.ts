import { runGraphkeep } from '../graphkeep/front.ts';
import { runProgram } from '../run-program.ts';

await runProgram('graphkeep', runGraphkeep);
