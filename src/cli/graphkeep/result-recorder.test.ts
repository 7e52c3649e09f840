import { expect, it } from 'vitest';
import { answer, FaultyStore, faults } from '../../../test/support/objects/faulty-store.ts';
import { MemoryObjects, MemoryStore } from '../../../test/support/objects/memory-store.ts';
import type { Note, Reporter } from './reporter.ts';
import { ResultRecorder } from './result-recorder.ts';

const never = new AbortController().signal;
const base = { database: 'graph.db', timeline: '20261129T020304Z-00000001', id: '20261129T020304Z-5f3a9c1e' };

it('where one result cannot be recorded, that is told once and no other is tried', async () => {
  const objects = new MemoryObjects();
  const store = new FaultyStore(new MemoryStore(objects));
  const notes: Note[] = [];
  const recorder = new ResultRecorder(store, never, { note: (note: Note) => notes.push(note) } as unknown as Reporter);
  await recorder.record(base, { kind: 'key' }, []);
  expect([notes, objects.byKey.size]).toEqual([[], 1]);
  store.script = ({ operation }) => (operation === 'create' ? faults.before(answer(403)) : undefined);
  for (let round = 0; round < 3; round++) await recorder.record(base, { kind: 'key' }, []);
  expect(notes).toMatchObject([
    {
      code: 'result-not-recorded',
      text: `The result could not be recorded at the full backup ${base.id}: a scripted fault (observed 403)`,
      data: { base: base.id, error: { code: 'object.denied' } },
    },
  ]);
  expect(store.calls.filter(({ operation }) => operation === 'create')).toHaveLength(2);
});
