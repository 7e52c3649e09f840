import { z } from 'zod';
import { encryption, text, time } from './json-fields.ts';
import { formatJsonObject, type JsonKind, parseJsonObject } from './json-object.ts';

/** What holds for a whole repository: its first object, which is never changed (spec repository-layout 1). */
const settingsSchema = z.object({
  format: z.literal('graphkeep-repository'),
  version: z.literal(1),
  id: text,
  created: time,
  encryption,
});

export type RepositorySettings = z.output<typeof settingsSchema>;

const settingsKind = {
  what: 'the settings of a repository',
  format: 'graphkeep-repository',
  version: 1,
  schema: settingsSchema,
} satisfies JsonKind<typeof settingsSchema>;

export function formatSettings(settings: RepositorySettings): Buffer {
  return formatJsonObject(settingsKind, settings);
}

/** `key`: that of the object, for errors. @throws GraphkeepError `repository.newer-version`, `repository.object-damaged` */
export function parseSettings(bytes: Uint8Array, key: string): RepositorySettings {
  return parseJsonObject(settingsKind, bytes, key);
}
