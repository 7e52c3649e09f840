import { readFile } from 'node:fs/promises';
import { type ErrorPlace, GraphkeepError } from '../base/errors.ts';
import { atFile, isMissing } from '../base/file-errors.ts';
import { decodePropertiesFile, parseProperties, placesOf, toSettings } from './properties.ts';

/**
 * The neo4j.conf of a server of any release, as it stands. Only what is asked for must be right: other releases have other settings, about
 * which nothing is known here.
 */
export class ServerSettings {
  private readonly texts: ReadonlyMap<string, string>;
  private readonly places: ReadonlyMap<string, ErrorPlace>;

  constructor(texts: ReadonlyMap<string, string> = new Map(), places: ReadonlyMap<string, ErrorPlace> = new Map()) {
    this.texts = texts;
    this.places = places;
  }

  /**
   * The value of the first of these settings that is set; undefined if none is.
   * @throws GraphkeepError `config` if the value is a command, which only the server runs
   */
  first(names: readonly string[]): string | undefined {
    for (const name of names) {
      const text = this.texts.get(name)?.trim();
      if (text === undefined || text === '') continue;
      if (/^\$\(.*\)$/.test(text)) throw this.isCommand(name, text);
      return text;
    }
    return undefined;
  }

  private isCommand(name: string, observed: string): GraphkeepError {
    const place = this.places.get(name);
    return new GraphkeepError('config', `the setting ${name} is a command, which is not run here`, {
      ...(place === undefined ? {} : { place }),
      observed,
      hint: 'Name the directory of the database instead of the home of the server, or write the value into the file.',
    });
  }
}

/** Reads a neo4j.conf; undefined if there is none. @throws GraphkeepError `config` (a line that cannot be read), `file.io` */
export async function readServerSettings(file: string): Promise<ServerSettings | undefined> {
  try {
    const bytes = await atFile('read the configuration file', file, () => readFile(file));
    const properties = parseProperties(decodePropertiesFile(bytes), file);
    return new ServerSettings(toSettings(properties), placesOf(properties, file));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
