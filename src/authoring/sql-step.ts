import type { SqlStatements } from '../runner/items/sql-statements.ts';
import { describe, Options, type Problems } from './options.ts';
import { type DeclaredStep, declareStep, type StepOptions, stepOptionNames } from './step.ts';

/**
 * A step that runs SQL statements in one transaction, with `:name` for each value: `sqlStep('Clear', { statements: ['delete from
 * staging'] })`. A crash may run them once more. Rows are better moved by a chunk step with `sqlReader` and `sqlWriter`.
 */
export function sqlStep(name: string, sql: SqlStatements, options: StepOptions = {}): DeclaredStep {
  const problems: Problems = [];
  const read = new Options(options, '', `sql step ${describe(name)}`, stepOptionNames, problems);
  const asked = new Options(sql, '/sql', 'sql', ['connection', 'statements', 'parameters'], problems);
  const statements = asked.texts('statements') ?? [];
  if (statements.length === 0) asked.addAt(['statements'], 'names no statement');
  statements.forEach((text, index) => {
    if (text.trim() === '') asked.addAt(['statements', index], 'is empty');
    if (text.includes('{{')) asked.addAt(['statements', index], 'takes values as :name, never as {{name}}');
  });
  return declareStep(
    name,
    read,
    {
      kind: 'task',
      run: async (ctx) => {
        const { runSqlStatements } = await import('../runner/items/sql-statements.ts');
        ctx.logger.info(`${await runSqlStatements(sql, ctx)} rows changed`);
      },
    },
    problems,
  );
}
