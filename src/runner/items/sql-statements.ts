import { quoteBriefly } from '../../domain/names.ts';
import type { StepContext } from '../step-context.ts';
import { type FromContext, valueFromContext } from './from-context.ts';
import { openSqlDatabase, type SqlConnection } from './sql-connection.ts';
import { driverMessage, SqlError } from './sql-database.ts';
import { inTransaction, whenFree } from './sql-lock.ts';
import { boundStatement } from './sql-query.ts';

export interface SqlStatements {
  /** `DATABASE_URL`, if not said. */
  readonly connection?: SqlConnection;
  /** Each one statement, with `:name` for each value. */
  readonly statements: readonly string[];
  /** The values by name. */
  readonly parameters?: FromContext<Readonly<Record<string, unknown>>>;
}

const user = 'sqlStep';

/**
 * Runs statements, in one transaction: all of them or none. A crash after it may run them once more, so that they should bear
 * being repeated.
 * @returns how many rows they changed
 * @throws SqlError naming the statement, when the connection or a statement cannot be used
 */
export async function runSqlStatements(options: SqlStatements, ctx: StepContext): Promise<bigint> {
  const parameters = await valueFromContext(options.parameters ?? {}, ctx);
  const database = await openSqlDatabase(options.connection, ctx, { user, readOnly: false });
  try {
    return await whenFree(database, ctx.signal, () =>
      inTransaction(database, async (connection) => {
        let changed = 0n;
        for (const text of options.statements) {
          ctx.signal.throwIfAborted();
          const statement = boundStatement(database, text, parameters, user);
          try {
            const { numAffectedRows = 0n } = await statement.execute(connection);
            changed += numAffectedRows;
          } catch (error) {
            if (database.faultOf(error) === 'locked') throw error;
            throw new SqlError(
              `${quoteBriefly(text.trim())} of ${user} cannot be run by ${database.name}: ${driverMessage(error)}`,
              { cause: error },
            );
          }
        }
        return changed;
      }),
    );
  } finally {
    await database.close();
  }
}
