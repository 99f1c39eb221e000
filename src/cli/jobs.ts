import { type JsonObject, parseJson } from '../domain/json.ts';
import { addClientOptions, type ClientFlags, clientOf } from './client-options.ts';
import type { RegisterCommand } from './context.ts';
import { objectOf } from './execution-table.ts';
import { edgesTo, listOf } from './graph-fields.ts';
import { jobPath } from './launch.ts';
import { cellText, type Column, column, printTable } from './table.ts';
import { printable } from './terminal.ts';

export const register: RegisterCommand = (program, context) => {
  const { terminal } = context;
  const command = program
    .command('jobs')
    .description('Show the jobs, and the job files that are broken; or one job with its parameters and steps.')
    .argument('[job]');
  addClientOptions(command);

  command.action(async (job: string | undefined, flags: ClientFlags) => {
    const client = clientOf(context, flags);
    const { text } = await client.send({ path: job === undefined ? '/jobs' : jobPath(job) });
    if (flags.json === true) return terminal.out(text);
    const answer = objectOf(parseJson(text));
    if (job !== undefined) return showJob(answer);
    await printTable(terminal, jobColumns, listOf(answer['jobs']));
    for (const broken of listOf(answer['broken'])) terminal.err(brokenLine(broken));
  });

  async function showJob(job: JsonObject): Promise<void> {
    await printTable(terminal, [...jobColumns, column('read_time')], [job]);
    if (typeof job['description'] === 'string') terminal.out(`\n${printable(job['description'])}`);
    const parameters = Object.entries(objectOf(job['parameters'] ?? null)).map(([name, schema]) => ({
      ...objectOf(schema),
      name,
    }));
    if (parameters.length > 0) {
      terminal.out('');
      await printTable(
        terminal,
        [{ title: 'parameter', cell: (row) => row['name'] }, ...parameterColumns.map(column)],
        parameters,
      );
    }
    if (job['kind'] === 'flow')
      return terminal.out(
        `\nIts tasks are made whenever it is picked up; batchy post ${cellText(job['name'])} --hierarchy shows them.`,
      );
    const graph = objectOf(job['graph'] ?? null);
    const edges = listOf(graph['edges']);
    terminal.out('');
    await printTable(
      terminal,
      [
        { title: 'step', cell: (row) => row['name'] },
        column('kind'),
        { title: 'after', cell: (row) => edgesTo(edges, row['name']) },
        { title: 'retries', cell: (row) => row['max_retries'] },
        column('timeout'),
      ],
      listOf(graph['nodes']),
    );
  }
};

const parameterColumns = ['type', 'default', 'required', 'identifying', 'description'];

const jobColumns: readonly Column[] = [
  column('name'),
  column('workflow'),
  {
    title: 'steps',
    cell: (row) => (row['kind'] === 'flow' ? 'flow' : listOf(objectOf(row['graph'] ?? null)['nodes']).length),
  },
  { title: 'last_status', cell: (row) => objectOf(row['last_execution'] ?? null)['status'] },
  { title: 'last_execution', cell: (row) => objectOf(row['last_execution'] ?? null)['id'] },
  { title: 'last_start', cell: (row) => objectOf(row['last_execution'] ?? null)['start_time'] },
  column('file'),
  column('version'),
];

/** `half-done.ts:7:12: Unexpected token }` */
function brokenLine(broken: JsonObject): string {
  const place = ['file', 'line', 'column'].flatMap((name) => (broken[name] == null ? [] : [cellText(broken[name])]));
  return `${place.join(':')}: ${cellText(broken['message'])}`;
}
