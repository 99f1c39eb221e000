import { type JsonObject, stringifyJson } from '../domain/json.ts';
import { addClientOptions, type ClientFlags, clientOf } from './client-options.ts';
import type { Client } from './client.ts';
import type { CliContext, RegisterCommand } from './context.ts';
import { executionPath, objectOf, printExecutions } from './execution-table.ts';
import { executionId, lookForEver, lookUntilEnd } from './execution-wait.ts';
import { listOf } from './graph-fields.ts';
import { type Board, lookAtBoard, printBoard } from './show-board.ts';
import { isFlowGraph, printFlow } from './show-flow.ts';
import { printLevels } from './show-levels.ts';
import { printable, type Terminal } from './terminal.ts';

interface ShowFlags extends ClientFlags {
  readonly watch?: boolean;
}

/** What is known of an execution at one moment. */
interface Look {
  readonly execution: JsonObject;
  readonly graph: JsonObject;
  readonly steps: readonly JsonObject[];
}

/** To the upper left corner, and nothing below it. */
const clearScreen = '\u001b[H\u001b[J';

export const register: RegisterCommand = (program, context) => {
  const command = program
    .command('show')
    .description(
      'Show all that runs or waits, with its owner and its tasks; or how one execution stands: a flow as its tree, a job or a task list as its graph, level by level.',
    )
    .argument('[execution]', undefined, executionId)
    .option('--watch', 'show it again whenever something has changed: one execution to its end, else until Ctrl-C');
  addClientOptions(command);

  command.action(async (id: number | undefined, flags: ShowFlags) => {
    const client = clientOf(context, flags);
    let shown: string | null = null;
    const showNew = (text: string): void => {
      if (text !== shown) show(context.terminal, text, shown === null || flags.json === true);
      shown = text;
    };
    if (id === undefined) {
      const look = async (): Promise<void> => {
        const board = await lookAtBoard(client);
        showNew(flags.json === true ? stringifyJson(board.executions) : await drawnBoard(context, board));
      };
      return flags.watch === true ? lookForEver(context, look) : look();
    }
    const look = async (execution: JsonObject): Promise<void> => {
      const seen = await lookAt(client, execution);
      showNew(flags.json === true ? stringifyJson({ ...seen }) : await drawn(context, seen));
    };
    const last =
      flags.watch === true
        ? await lookUntilEnd(context, client, { id, until: Number.POSITIVE_INFINITY }, look)
        : objectOf(await client.json({ path: executionPath(id) }));
    await look(last);
  });
};

/** What belongs to an execution as it was seen: once it has ended nothing else changes, so that the last picture is of one moment. */
async function lookAt(client: Client, execution: JsonObject): Promise<Look> {
  const path = executionPath(execution['id']);
  const [graph, steps] = await Promise.all([
    client.json({ path: `${path}/graph` }),
    client.json({ path: `${path}/steps` }),
  ]);
  return { execution, graph: objectOf(graph), steps: listOf(steps) };
}

async function drawn({ terminal, machine }: CliContext, { execution, graph, steps }: Look): Promise<string> {
  const lines: string[] = [];
  const page: Terminal = { ...terminal, out: (text) => lines.push(text) };
  // Where lines are kept, only what has changed is worth some.
  const now = terminal.cutsLongTexts ? await machine.now() : null;
  await printExecutions(page, [execution]);
  const message = execution['exit_message'];
  if (listOf(graph['nodes']).length === 0) {
    // It failed before anything ran, or is yet to begin: there is no picture but the reason, of which the row has the first line.
    if (typeof message === 'string' && message !== '') lines.push('', ...message.split('\n').map(printable));
    return lines.join('\n');
  }
  lines.push('');
  if (isFlowGraph(graph)) printFlow(page, { graph, steps, now });
  else await printLevels(page, graph, steps, now);
  return lines.join('\n');
}

async function drawnBoard({ terminal }: CliContext, board: Board): Promise<string> {
  const lines: string[] = [];
  await printBoard({ ...terminal, out: (text) => lines.push(text) }, board);
  return lines.join('\n');
}

/** On a screen in place of what was there; elsewhere below it. */
function show(terminal: Terminal, text: string, isAlone: boolean): void {
  if (terminal.cutsLongTexts && !isAlone) terminal.raw(clearScreen);
  else if (!isAlone) terminal.out('');
  terminal.out(text);
}
