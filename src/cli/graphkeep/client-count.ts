import type { ListenerEvent } from '../../serve/conversation/listener-events.ts';
import type { State } from './reporter.ts';

/** What a listener has done so far, for whoever asks. */
export class ClientCount {
  private underWay = 0;
  private finished = 0;
  private failed = 0;

  after({ kind }: ListenerEvent): void {
    if (kind === 'started') this.underWay++;
    if (kind === 'finished' || kind === 'failed' || kind === 'aborted') this.underWay = Math.max(0, this.underWay - 1);
    if (kind === 'finished') this.finished++;
    if (kind === 'failed' || kind === 'aborted') this.failed++;
  }

  describe(): State {
    const { underWay, finished, failed } = this;
    const text = `serving, ${underWay} under way, ${finished} finished, ${failed} failed`;
    return { text, data: { clients: { underWay, finished, failed } } };
  }
}
