import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { SqlDatabase } from './sql-database.ts';
import { prepareOwnTable } from './sql-own-table.ts';
import { tableName } from './sql-query.ts';

const ledger = 'batchy_chunks';

/**
 * The chunks that were written to tables without a key, in a table beside them: noted in the transaction that writes the chunk, so
 * that a chunk which comes again is known. Rows of executions that will not be restarted may be deleted at any time.
 */
export class WrittenChunks {
  readonly #database: SqlDatabase;
  readonly #name: RawBuilder<unknown>;
  readonly #target: string;
  readonly #schema: string | undefined;

  /** @param target the table that is written to; two of them may get the same chunk */
  constructor(database: SqlDatabase, target: string, schema: string | undefined) {
    this.#database = database;
    this.#name = tableName(ledger, schema);
    this.#target = target;
    this.#schema = schema;
  }

  /** @throws SqlError when there is no such table and we may not make one; it says how */
  async prepare(): Promise<void> {
    await prepareOwnTable(this.#database, {
      name: ledger,
      schema: this.#schema,
      columns: sql`chunk_id text not null, target text not null, written_at timestamp not null default current_timestamp, primary key (chunk_id, target)`,
      neededBy: 'a table without a key',
    });
  }

  /** @returns false when the chunk has been written already */
  async note(connection: Kysely<unknown>, chunkId: string): Promise<boolean> {
    const { numAffectedRows } = await sql`
      insert into ${this.#name} (chunk_id, target) values (${chunkId}, ${this.#target}) on conflict do nothing`.execute(
      connection,
    );
    return numAffectedRows !== 0n;
  }
}
