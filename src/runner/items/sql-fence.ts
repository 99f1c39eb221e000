import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { WriterFence } from './item.ts';
import { UncertainSqlError, type SqlDatabase } from './sql-database.ts';
import { prepareOwnTable } from './sql-own-table.ts';
import { tableName } from './sql-query.ts';

const fences = 'batchy_fences';

/**
 * Who writes for a step, in a table beside those that are written to: looked at in the transaction that writes a chunk, so that a process
 * which was paused in the midst of it writes nothing over what its successor has written since. Rows of steps that will not be restarted may be
 * deleted at any time.
 */
export class SqlFence {
  readonly #database: SqlDatabase;
  readonly #name: RawBuilder<unknown>;
  readonly #schema: string | undefined;
  /** The scope that was claimed in a transaction that was committed. */
  #claimed: string | null = null;

  constructor(database: SqlDatabase, schema: string | undefined) {
    this.#database = database;
    this.#name = tableName(fences, schema);
    this.#schema = schema;
  }

  /** @throws SqlError when there is no such table and we may not make one; it says how */
  async prepare(): Promise<void> {
    await prepareOwnTable(this.#database, {
      name: fences,
      schema: this.#schema,
      columns: sql`scope text primary key, step_execution_id bigint not null, lease bigint not null, taken_at timestamp not null default current_timestamp`,
      neededBy: 'to refuse a process that was paused in the midst of a write',
    });
  }

  /**
   * Keeps later runs of the step from beginning to write before the transaction has ended.
   * @throws UncertainSqlError when one has begun before
   */
  async hold(connection: Kysely<unknown>, fence: WriterFence): Promise<void> {
    const { scope, stepExecutionId, lease } = fence;
    if (this.#claimed === scope) {
      const { rows } = await sql`
        select 1 from ${this.#name}
        where scope = ${scope} and step_execution_id = ${stepExecutionId} and lease = ${lease} ${sql.raw(this.#database.keepRow)}`.execute(
        connection,
      );
      if (rows.length > 0) return;
    }
    const { numAffectedRows } = await sql`
      insert into ${this.#name} as held (scope, step_execution_id, lease) values (${scope}, ${stepExecutionId}, ${lease})
      on conflict (scope) do update set step_execution_id = excluded.step_execution_id, lease = excluded.lease, taken_at = current_timestamp
      where (held.step_execution_id, held.lease) <= (excluded.step_execution_id, excluded.lease)`.execute(connection);
    if (numAffectedRows === 0n) throw succeeded(this.#database, fence);
  }

  /** The transaction in which it was held is stored. */
  settle({ scope }: WriterFence): void {
    this.#claimed = scope;
  }
}

function succeeded({ name }: SqlDatabase, { scope }: WriterFence): Error {
  return new UncertainSqlError(
    `${name} is written to by a later run of this step: nothing of this one is written any more. ` +
      `If there is none (Batchy’s own store was restored from a backup, say), delete the row '${scope.replaceAll("'", "''")}' from ${fences}.`,
  );
}
