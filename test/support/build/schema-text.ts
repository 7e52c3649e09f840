import { jsonSchema } from '../../../src/cli/configuration/config-schema.ts';

/** What graphkeep.schema.json should contain. */
export function schemaText(): string {
  return `${JSON.stringify(jsonSchema(), undefined, 2)}\n`;
}
