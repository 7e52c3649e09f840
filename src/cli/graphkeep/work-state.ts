import type { CommandContext } from '../command-context.ts';
import { PhaseMeter } from '../progress/phase-meter.ts';
import type { MeasuredProgress, Progress } from '../progress/progress.ts';
import { describeProgress, describeSeconds } from '../progress/progress-text.ts';
import type { State } from './reporter.ts';

/** What a command is doing, measured; and the answer to whoever asks for it with SIGUSR1. */
export class WorkState {
  private readonly command: string;
  private readonly clock: () => number;
  private readonly meter: PhaseMeter;
  private readonly beganAt: number;
  private latest: MeasuredProgress | undefined;
  private own: (() => State | undefined) | undefined;

  /** `answer` is called with the state of the work whenever somebody asks for it. */
  constructor({ now, onStateRequest }: CommandContext, command: string, answer: (state: State) => void) {
    this.command = command;
    this.clock = () => now().getTime();
    this.meter = new PhaseMeter(this.clock);
    this.beganAt = this.clock();
    onStateRequest?.(() => answer(this.describe()));
  }

  measure(progress: Progress): MeasuredProgress {
    this.latest = this.meter.measure(progress);
    return this.latest;
  }

  /** From now on the command tells itself what its state is. */
  describeWith(state: () => State | undefined): void {
    this.own = state;
  }

  private describe(): State {
    const { latest, command } = this;
    const runningMs = this.clock() - this.beganAt;
    const work = this.own?.() ?? {
      text: latest === undefined ? 'at work' : describeProgress(latest),
      data: latest === undefined ? {} : { progress: latest },
    };
    const text = `graphkeep ${command}: ${work.text} (running for ${describeSeconds(runningMs)})`;
    return { text, data: { command, runningMs, ...work.data } };
  }
}
