import type { Arena } from '../arena.ts';
import type { Scenario } from '../scenario.ts';
import { repeatedRuns } from '../sink.ts';
import { until } from '../until.ts';
import { inItsMiddle, notAs, ownerOf, resumeSeconds, takenFrom } from './taken-over.ts';

const rows = 200;

/** The short form that belongs to the test suite: one arena for acceptance 1, 2, 4, 5 and 6. */
export const together: Scenario = {
  name: 'together',
  about: 'work is shared, its owner is killed, another is stopped, gpu and a free port are waited for: all in short',
  arena: { leaseSeconds: 1 },
  async run(arena) {
    await arena.server('server');
    await arena.workers(['one', 'two', 'three']);
    const roles = (await online(arena)).map(({ role }) => role);
    const picky = await arena.launch('Picky');
    const freePort = arena.put('port');
    const { awaits } = await until('it says what it waits for', 20, () => about(arena, picky));
    const ids = await Promise.all(
      Array.from({ length: 30 }, (_each, number) => arena.launch('Once', { number, milliseconds: 100 })),
    );
    const shared = await arena.ended(ids);
    const running = new Set(arena.notes.read().map(({ process }) => process));

    const table = await arena.launch('Rows', { number: 100, rows, milliseconds: 40 });
    await inItsMiddle(arena, table, ({ what }) => what === 'chunk', 5);
    const { member, conductor } = await ownerOf(arena, table);
    await member.kill('all');
    const resumed = await takenFrom(arena, table, conductor);
    arena.say(`${member.name} was killed; another has its execution after ${resumed.toFixed(1)} s`);
    const again = await arena.launch('Once', { number: 101, milliseconds: 1000 });
    const { member: stopped } = await ownerOf(arena, again);
    await until('it has begun', 20, () => arena.notes.of(again).length > 0);
    const code = await stopped.stop();
    arena.say(`${stopped.name} was stopped and has ended with ${code}`);

    await arena.workers(['able'], { CAPABILITIES: 'gpu' });
    const waiting = await arena.execution(picky);
    freePort();
    const executions = await arena.ended([table, again, picky]);
    await arena.follow();
    return {
      figures: [{ what: 'gone on with, lease 1 s', value: `${resumed.toFixed(1)} s` }],
      rows: new Map([[100, rows]]),
      broken: [
        ...notAs([...shared, ...executions], () => 'COMPLETED'),
        ...repeatedRuns(arena.notes.read(), arena.judge.takeovers.of),
        ...(running.size === 3 ? [] : [`${running.size} of three workers have run something`]),
        ...(roles.every((role) => role === 'worker') ? [] : [`those online are ${roles.join(', ')}`]),
        ...(awaits === 'a conductor with gpu, port_is_free: none online' ? [] : [`it awaits ${awaits}`]),
        ...(waiting?.status === 'STARTING' && waiting.startedAt === null
          ? []
          : ['it was begun while the port was taken']),
        ...(code === 0 ? [] : [`${stopped.name} has ended with ${code}`]),
        ...(resumed <= 1 + resumeSeconds ? [] : [`it took ${resumed.toFixed(1)} s to go on`]),
      ],
    };
  },
};

async function online(arena: Arena): Promise<readonly { readonly role: string }[]> {
  const { json } = await arena.call('GET', '/conductors');
  return (json as { state: string; role: string }[]).filter(({ state }) => state === 'online');
}

async function about(arena: Arena, id: number): Promise<{ readonly awaits: string } | null> {
  const { json } = await arena.call('GET', `/executions/${id}`);
  return json.awaits === null ? null : json;
}
