import { setTimeout as delay } from 'node:timers/promises';
import { CompiledQuery, type Kysely } from 'kysely';
import { driverMessage, SqlError, type SqlDatabase } from './sql-database.ts';

const sleepMs = 20;
/** 30 s in all: longer than a write of another process lasts. */
const tries = 1500;

/**
 * Does `work`, again and again while another connection holds a lock that it needs.
 * @throws SqlError when the lock is held for too long; what `work` throws; the signal's reason when it is aborted
 */
export async function whenFree<Result>(
  database: SqlDatabase,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (database.faultOf(error) !== 'locked') throw error;
      if (attempt === tries)
        throw new SqlError(
          `${database.name} has been locked by another process for too long: ${driverMessage(error)}`,
          { cause: error },
        );
    }
    await delay(sleepMs);
  }
}

/** All that `work` does, or nothing. Its statements must go through the builder that it is given. */
export async function inTransaction<Result>(
  database: SqlDatabase,
  work: (connection: Kysely<unknown>) => Promise<Result>,
): Promise<Result> {
  return database.builder.connection().execute(async (connection) => {
    const say = (statement: string) => connection.executeQuery(CompiledQuery.raw(statement));
    await say(database.begin);
    try {
      const result = await work(connection);
      await say('commit');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some failures, and a broken connection has nothing left to roll back.
      await say('rollback').catch(() => undefined);
      throw error;
    }
  });
}
