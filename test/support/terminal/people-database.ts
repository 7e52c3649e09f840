import { EmbeddedDatabase } from '../../../src/embedded/embedded-database.ts';

const TOGETHER = 2000;

/** A database of people who know each other, as large as asked for; it can grow. */
export class PeopleDatabase {
  readonly database: EmbeddedDatabase;
  private people: number[] = [];

  private constructor(database: EmbeddedDatabase) {
    this.database = database;
  }

  static async open(directory: string): Promise<PeopleDatabase> {
    const database = await EmbeddedDatabase.open(directory);
    await database.createIndex('Person', ['name']);
    return new PeopleDatabase(database);
  }

  /** Each new person knows three others. */
  async grow(people: number): Promise<void> {
    for (const last = this.people.length + people; this.people.length < last; ) {
      const some = Math.min(TOGETHER, last - this.people.length);
      const { value: added } = await this.database.transact((tx) =>
        Array.from({ length: some }, (_, at) => {
          const number = this.people.length + at;
          const properties = {
            name: { type: 'string', value: `Person ${number}` },
            born: { type: 'int', value: 1900 + (number % 120) },
          } as const;
          const id = tx.createNode(['Person'], properties);
          const known =
            this.people.length === 0
              ? [id]
              : [1, 7, 31].map((step) => this.people[(number * step) % this.people.length]!);
          for (const other of known) tx.createRelationship(id, 'KNOWS', other, {});
          return id;
        }),
      );
      this.people.push(...added);
    }
  }
}
