import { z } from 'zod';
import { decimal, storeIdentity, text, time } from './json-fields.ts';
import { formatJsonObject, type JsonKind, parseJsonObject } from './json-object.ts';

/** The beginning of an unbroken history of one database (spec repository-layout 1). */
const timelineSchema = z.object({
  format: z.literal('graphkeep-timeline'),
  version: z.literal(1),
  id: text,
  database: text,
  store: storeIdentity,
  began: time,
  /** The timeline that could not be continued, and its last transaction. */
  parent: z.object({ timeline: text, transaction: decimal }).optional(),
});

export type Timeline = z.output<typeof timelineSchema>;

const timelineKind = {
  what: 'the beginning of a timeline',
  format: 'graphkeep-timeline',
  version: 1,
  schema: timelineSchema,
} satisfies JsonKind<typeof timelineSchema>;

export function formatTimeline(timeline: Timeline): Buffer {
  return formatJsonObject(timelineKind, timeline);
}

/** `key`: that of the object, for errors. @throws GraphkeepError `repository.newer-version`, `repository.object-damaged` */
export function parseTimeline(bytes: Uint8Array, key: string): Timeline {
  return parseJsonObject(timelineKind, bytes, key);
}
