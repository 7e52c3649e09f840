import { describe, expect, it } from 'vitest';
import { CampaignSize } from './campaign-size.ts';

const range = (length: number) => Array.from({ length }, (_, i) => i);

describe('the long form', () => {
  const long = new CampaignSize('long');

  it('has all rounds', () => {
    expect([long.rounds(4000), long.rounds(2), long.rounds(100, 50)]).toEqual([4000, 2, 100]);
  });

  it('tries every place of its step', () => {
    expect(long.places(0, 99)).toEqual(range(100));
    expect(long.places(1, 30, 11)).toEqual([1, 12, 23]);
    expect(long.some(['a', 'b', 'c', 'd'], 3)).toEqual(['a', 'd']);
    expect(long.stride(6, 12)).toBe(6);
  });

  it('takes every item, and the full size', () => {
    expect([long.sample(['a', 'b', 'c']), long.size(500, 60)]).toEqual([['a', 'b', 'c'], 500]);
    expect(long.few(['a', 'b', 'c'], 1)).toEqual(['a', 'b', 'c']);
  });
});

describe('the short form', () => {
  const short = new CampaignSize('short');

  it('has a tenth of the rounds, but never fewer than the least', () => {
    expect([short.rounds(4000), short.rounds(12), short.rounds(2), short.rounds(100, 50)]).toEqual([400, 3, 2, 50]);
  });

  it('tries the first place, the last one, and some between them, each once and in order', () => {
    for (let i = 0; i < 20; i++) {
      const places = short.places(5, 104);
      expect([places[0], places.at(-1)]).toEqual([5, 104]);
      expect(places.length).toBeGreaterThanOrEqual(11);
      expect(places.length).toBeLessThanOrEqual(12);
      expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
    }
  });

  it('comes to every place in the end', () => {
    const tried = new Set<number>();
    for (let i = 0; i < 400; i++) for (const place of short.places(0, 99)) tried.add(place);
    expect(tried.size).toBe(100);
  });

  it('goes in larger steps, up to a limit', () => {
    expect([short.stride(6, 12), short.stride(1, 20)]).toEqual([12, 10]);
  });

  it('takes some items in their order, each in the end, and the small size', () => {
    const taken = new Set<string>();
    for (let i = 0; i < 100; i++) {
      const sample = short.sample(['a', 'b', 'c', 'd'], 2);
      expect(sample).toHaveLength(2);
      expect(sample).toEqual(sample.toSorted());
      for (const item of sample) taken.add(item);
    }
    expect([...taken].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect([short.few(['a', 'b', 'c'], 2).length, short.few(['a'], 2)]).toEqual([2, ['a']]);
    expect([short.sample(['a']), short.sample([], 3), short.size(500, 60)]).toEqual([['a'], [], 60]);
  });

  it('tries something wherever there is something', () => {
    expect([short.places(7, 7), short.some(['a']), short.places(1, 0)]).toEqual([[7], ['a'], []]);
  });
});

describe('a number', () => {
  it('is a multiple of the long form', () => {
    expect(new CampaignSize('20').rounds(4000)).toBe(80_000);
    expect(new CampaignSize('5').places(1, 12, 11)).toEqual([1, 3, 5, 7, 9, 11]);
  });

  it.each(['', '0', '-1', 'Infinity', 'longer'])('other than above 0 is refused: %j', (form) => {
    expect(() => new CampaignSize(form)).toThrow(RangeError);
  });
});
