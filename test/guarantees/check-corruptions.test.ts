import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadCorruptions } from '../support/corpus/corruptions.ts';
import { campaign } from '../support/random/campaign-size.ts';
import {
  arguedDifferences,
  argumentFor,
  type ComparedCorruption,
  compareCheckers,
  renderComparison,
  renderKinds,
  renderOutcome,
} from '../support/stores/check-comparison.ts';

/*
 * Promise: the consistency check finds what the real checkers find in all the corruptions of the corpus, and reports no more than they do
 * about sound parts.
 */

const all = loadCorruptions();
const argued = campaign
  .sample(arguedDifferences, 2)
  .map((difference) => ({ ...difference, ids: campaign.sample(difference.ids) }));
const isCalled = (id: string, known: string) => id === known || id.endsWith(`/${known}`);
const sampled = campaign.few(all, 15);
const chosen = all.filter(
  (corruption) =>
    sampled.includes(corruption) || argued.some(({ ids }) => ids.some((known) => isCalled(corruption.id, known))),
);

let compared: ComparedCorruption[];
beforeAll(async () => {
  compared = await compareCheckers(chosen);
});

const idsOf = (rows: readonly ComparedCorruption[]) => rows.map(({ corruption }) => corruption.id);

describe('the corruptions of the corpus', () => {
  it('the corruptions of the corpus are complete', () => {
    expect(all.length).toBe(295);
    expect(compared.length).toBe(campaign.size(295, chosen.length));
  });

  it('the corruptions of the corpus give every kind that the real checker gives, except for argued ones', () => {
    const missing = compared.flatMap(({ corruption: { id }, onlyTheirs }) =>
      onlyTheirs.filter((kind) => argumentFor(id, kind) === undefined).map((kind) => `${id} ${kind}`),
    );
    expect(missing).toEqual([]);
  });

  it.each(argued)('the corruptions $ids still need their argument', ({ ids, kinds }) => {
    const differing = compared.filter(
      ({ corruption: { id }, onlyTheirs }) =>
        ids.some((known) => isCalled(id, known)) && onlyTheirs.some((kind) => kinds.includes(kind)),
    );
    for (const known of ids) {
      expect(
        differing.some(({ corruption: { id } }) => isCalled(id, known)),
        known,
      ).toBe(true);
    }
  });

  it('the corruptions of the corpus have the severity of the real checker', () => {
    expect(compared.filter(({ otherSeverity }) => otherSeverity.length > 0)).toEqual([]);
  });

  it('the corruptions of the corpus are inconsistent or cannot be checked wherever the real checker ends with exit code 1', () => {
    const passed = compared.filter(({ ours, theirs }) => ours === 'consistent' && theirs !== 'consistent');
    expect(idsOf(passed)).toEqual([]);
  });

  it('the corruptions of the corpus cannot be checked only where the real checker aborts too', () => {
    const gaveUp = compared.filter(({ ours, theirs }) => ours === 'not checkable' && theirs !== 'aborted');
    expect(idsOf(gaveUp)).toEqual([]);
  });

  it('the corruptions of the corpus are all noticed, except those that are none', () => {
    const silent = compared.filter(
      ({ both, onlyOurs, ours }) => both.length + onlyOurs.length === 0 && ours !== 'not checkable',
    );
    // Id files, zeros after the end, a missing log, and the transaction of the last store upgrade do no harm.
    const harmless = ['none', 'met-02', 'met-05', 'met-06', 'met-07', 'met-09'];
    const expected = ['base35', 'base34'].flatMap((store) => harmless.map((id) => `${store}/${id}`));
    expect(idsOf(silent)).toEqual(expected.filter((id) => chosen.some((corruption) => corruption.id === id)));
  });

  it('the corruptions of the corpus are in docs/formats/consistency-check.md as they are found (npm run docs:check)', () => {
    const page = readFileSync(new URL('../../docs/formats/consistency-check.md', import.meta.url), 'utf8');
    expect(page).toContain(renderKinds());
    const lines = page.split('\n');
    // What is found alike in both stores is on the page once.
    const isOnPage = (row: ComparedCorruption) =>
      [row.corruption.id, row.corruption.id.replace('base34/', 'base35/')].some((id) =>
        lines.some((line) => line.startsWith(`| ${id} |`) && line.endsWith(` | ${renderOutcome(row)} |`)),
      );
    expect(idsOf(compared.filter((row) => !isOnPage(row)))).toEqual([]);
    if (compared.length === all.length) expect(page).toContain(renderComparison(compared));
  });
});
