import { Dice } from './dice.ts';
import { nextSeed } from './seed.ts';

/** How much of its long form a campaign does in its short form. */
const SHORT = 0.1;

/**
 * How large the tests are that could go on for ever: random ones, and those that try every place. `short` is for a developer who waits,
 * `long` for a night. A number is a multiple of the long form, such as 0.2, which CI takes, or 20.
 */
export class CampaignSize {
  private readonly factor: number;

  constructor(form: string) {
    this.factor = form === 'short' ? SHORT : form === 'long' ? 1 : Number(form);
    if (!(this.factor > 0 && Number.isFinite(this.factor))) {
      throw new RangeError(`GRAPHKEEP_CAMPAIGN is neither short nor long nor a number above 0: ${form}`);
    }
  }

  /** True where even the sixth part of what is costly is enough: see `drawnFiles`. */
  get drawsFiles(): boolean {
    return this.factor <= SHORT;
  }

  /** True for less than the long form. */
  get isShort(): boolean {
    return this.factor < 1;
  }

  /** How many rounds to do where the long form has `long`, but never fewer than `least`. */
  rounds(long: number, least = Math.min(long, 3)): number {
    return Math.max(least, Math.ceil(long * this.factor));
  }

  /**
   * Places to try, in order. The long form is each `step`th from `first` up to `last`. A shorter form takes the first, the last, and some
   * between them that the seed chooses.
   */
  places(first: number, last: number, step = 1): number[] {
    const stride = Math.max(1, Math.round(step / this.factor));
    const { isShort } = this;
    const start = isShort ? first + new Dice(nextSeed()).below(stride) : first;
    const places = new Set<number>();
    if (isShort && first <= last) places.add(first);
    for (let place = start; place <= last; place += stride) places.add(place);
    if (isShort && first <= last) places.add(last);
    return [...places];
  }

  /** The distance between two places where a test continues until it succeeds: `step` in the long form, at most `most` in a shorter one. */
  stride(step: number, most: number): number {
    return Math.max(1, Math.min(most, Math.round(step / this.factor)));
  }

  /** Items to try: each `step`th in the long form, fewer in a shorter one, as with {@link places}. */
  some<T>(items: readonly T[], step = 1): T[] {
    return this.places(0, items.length - 1, step).map((place) => items[place]!);
  }

  /** All items in the long form; in a shorter one that part of them, in order and at least `least`, which the seed chooses. */
  sample<T>(items: readonly T[], least = 1): T[] {
    return this.draw(items, this.rounds(items.length, least));
  }

  /** As {@link sample}, for items of which a tenth is still too many: a shorter form takes `count` of them. */
  few<T>(items: readonly T[], count: number): T[] {
    return this.draw(items, this.size(items.length, count));
  }

  /** A size of something, or a number of places: `long` in the long form, `short` in a shorter one. */
  size(long: number, short: number): number {
    return this.isShort ? short : long;
  }

  private draw<T>(items: readonly T[], count: number): T[] {
    const left = [...items.keys()];
    const dice = new Dice(nextSeed());
    const chosen = new Set<number>();
    const wanted = Math.min(items.length, count);
    while (chosen.size < wanted) chosen.add(left.splice(dice.below(left.length), 1)[0]!);
    return items.filter((_, at) => chosen.has(at));
  }
}

/** The one place that reads GRAPHKEEP_CAMPAIGN. */
export const campaign = new CampaignSize(process.env.GRAPHKEEP_CAMPAIGN ?? 'short');
