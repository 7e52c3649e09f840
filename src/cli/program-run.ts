import { asGraphkeepError } from '../base/file-errors.ts';
import { type CommandContext, isDebugging } from './command-context.ts';
import { describeStack } from './failure-lines.ts';
import { withPrintableOutput } from './printable-output.ts';
import { createProcessContext } from './process-context.ts';

type Front = (args: readonly string[], context: CommandContext) => Promise<number>;

/** Runs one of the fronts as this process. Any error that escapes it is printed as a sentence, without a Node stack. */
export async function runProgram(name: string, front: Front): Promise<void> {
  const context = createProcessContext();
  const giveUp = (error: unknown): never => {
    const { stderr } = withPrintableOutput(context);
    const { message, hint } = asGraphkeepError(error);
    stderr(`${name}: ${message}\n    ${hint}\n`);
    if (isDebugging(context)) stderr(`${describeStack(error)}\n`);
    process.exit(1);
  };
  process.on('uncaughtException', giveUp);
  try {
    process.exitCode = await front(process.argv.slice(2), context);
  } catch (error) {
    giveUp(error);
  }
}
