import type { StepContext } from '../step-context.ts';
import { textFromContext, type FromContext } from './from-context.ts';
import type { Json } from '../../domain/json.ts';
import { SqlError, type SqlDatabase } from './sql-database.ts';
import { openPostgres } from './sql-postgres.ts';
import { openSqlite } from './sql-sqlite.ts';

/**
 * Which database: `sqlite:` and the path of a file (a relative one is found from where Batchy was started), a `postgres://` URL, or the name of
 * an environment variable that holds one of both, so that the password is in no job file. `DATABASE_URL` if not said.
 */
export type SqlConnection = FromContext<Json>;

const defaultVariable = 'DATABASE_URL';

/**
 * @param user who asks, for messages: `sqlReader`
 * @throws SqlError that tells no password, when the connection is none, or the database cannot be used
 */
export async function openSqlDatabase(
  connection: SqlConnection | undefined,
  ctx: StepContext,
  { user, readOnly }: { readonly user: string; readonly readOnly: boolean },
): Promise<SqlDatabase> {
  const said = await textFromContext(connection ?? defaultVariable, ctx, `the connection of ${user}`);
  const isVariable = /^[A-Za-z_]\w*$/.test(said);
  const url = isVariable ? process.env[said] : said;
  const source = isVariable ? `the environment variable ${said}` : `the connection of ${user}`;
  if (url === undefined || url === '') {
    const hint = connection === undefined ? ` (${user} takes it where no connection is said)` : '';
    throw new SqlError(
      `${source} is not set${hint}: it must hold sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE.`,
    );
  }
  if (url.startsWith('sqlite:')) return openSqlite(sqliteFile(url));
  // The text may hold a password, even one that is no URL, so messages do not repeat it.
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new SqlError(
      `${source} is no connection that Batchy knows: it must be sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE (signs such as / or # in a password written as %2F, %23).`,
    );
  }
  return openPostgres(url, { readOnly });
}

/** `sqlite:orders.db`, `sqlite:./orders.db`, `sqlite:/data/orders.db`, `sqlite:///data/orders.db` */
function sqliteFile(url: string): string {
  return url.slice('sqlite:'.length).replace(/^\/\/(?=[/.])/, '');
}
