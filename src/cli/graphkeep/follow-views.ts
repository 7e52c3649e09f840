import { describeLag, FollowView, type FollowViewOptions, type SeenState } from './follow-view.ts';
import type { Reporter, State } from './reporter.ts';

/** Shows several followed backups: each has its own view, and they share the state and the line of a terminal. */
export class FollowViews {
  private readonly reporter: Reporter;
  private readonly clock: () => number;
  private readonly views: { name: string | undefined; view: FollowView }[] = [];

  /** `clock`: in milliseconds. */
  constructor(reporter: Reporter, clock: () => number) {
    this.reporter = reporter;
    this.clock = clock;
  }

  add(options: Omit<FollowViewOptions, 'onState'>): FollowView {
    const onState = () => {
      const state = this.describeState();
      if (state !== undefined) this.reporter.status(state.text);
    };
    const view = new FollowView(this.reporter, this.clock, { ...options, onState });
    this.views.push({ name: options.name, view });
    return view;
  }

  /** For SIGUSR1; undefined while one of them is copied whole, whose progress says more. */
  describeState(): State | undefined {
    const seen = this.views.flatMap(({ name, view }) => {
      const state = view.seen();
      return state === undefined ? [] : [{ name, state }];
    });
    const [first, ...others] = seen;
    if (first === undefined || seen.length < this.views.length) return undefined;
    const text = `following, ${seen.map(describeOne).join('; ')}`;
    return { text, data: { following: first.state, others: others.map(({ state }) => state) } };
  }
}

function describeOne({ name, state }: { name: string | undefined; state: SeenState }): string {
  return `${name === undefined ? '' : `${name}: `}${describeLag(state)}`;
}
