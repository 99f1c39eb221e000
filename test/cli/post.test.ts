import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { defineFlow, forEach, linearFlow, parameterizedForEach, unorderedFlow } from '../../src/authoring/flow.ts';
import { task } from '../../src/authoring/flow-task.ts';
import type { BuiltFlow } from '../../src/cli/machine.ts';
import { fakeServer, problem } from './fake-server.ts';
import { runHere } from './in-process.ts';
import { run } from './run.ts';

const job = {
  name: 'provision',
  description: 'Makes a server',
  parameters: {
    attempts: { type: 'integer', default: 3, required: false, description: 'How often' },
    volume_size: { type: 'integer', required: true, description: null },
    label: { type: 'string', required: false, description: null },
    dry: { type: 'boolean', required: false, description: null },
    zones: { type: null, required: false, description: null },
    wait: { type: 'integer', required: false, description: null },
  },
  additional_parameters: true,
};
const accepted = { message: 'x', execution_id: 7, job_name: 'provision', job_instance_id: 1, status: 'STARTING' };

/** Posts to a server that knows the flow. @returns what was posted, too */
async function post(args: readonly string[], options: { readonly folder?: string; readonly job?: object } = {}) {
  const server = await fakeServer(({ method }) =>
    method === 'POST' ? { status: 202, body: accepted } : { body: options.job ?? job },
  );
  const ended = await runHere(['post', ...args], { ...options, environment: { BATCHY_URL: server.url } });
  const posted = server.requests.find(({ method }) => method === 'POST');
  return { ...ended, url: posted?.url, body: posted === undefined ? null : (JSON.parse(posted.body) as unknown) };
}

describe('batchy post', () => {
  it('makes parameters of options, each of its type', async () => {
    const line = '--attempts 5 --volume-size=10 --label 7 --dry --zones ["a"] --host db --ratio 0.5';
    expect(await post(['provision', ...line.split(' ')])).toMatchObject({
      exit: 0,
      url: '/jobs/provision/launch',
      body: { attempts: 5, volume_size: 10, label: '7', dry: true, zones: ['a'], host: 'db', ratio: 0.5 },
      out: expect.stringMatching(/^7 +provision +1 +STARTING$/m),
    });
  });

  it('takes options of its own wherever they stand, and values that look like some', async () => {
    const { body } = await post(['provision', '--dry', 'false', '--label=--x', '--json', '--n', '-5', '-p', 'wait=3']);
    expect(body).toEqual({ dry: false, label: '--x', n: -5, wait: 3 });
  });

  it('takes a store as JSON or from a file; what is said by its name goes before it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-post-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(path.join(folder, 'store.json'), '{"size": 1, "host": "a", "port": 1}');
    const args = ['provision', '--store', '@store.json', '-p', 'size=2', '-p', 'port=2', '--size', '3'];
    expect((await post(args, { folder })).body).toEqual({ size: 3, host: 'a', port: 2 });
    expect((await post(['provision', '--store', '{"size": 10}'])).body).toEqual({ size: 10 });
  });

  it.each([
    [['provision', 'attempts', '5'], '"attempts" is no --name value.'],
    [['provision', '-x', '5'], '"-x" is no --name value.'],
    [['provision', '--attempts'], '--attempts needs a value'],
    [['provision', '--attempts', '--dry'], '--attempts needs a value'],
    [['provision', '--size', '1', '--size', '2'], '--size is given twice.'],
    [['provision', '--volume-size', '1', '--volume_size', '2'], '--volume_size is given twice.'],
    [['--attempts', '5', 'provision'], 'The name of the flow comes first: batchy post <flow> --attempts'],
    [['provision', '--store', '[1]'], '--store: expected a JSON object'],
    [['provision', '--store', '{'], '--store cannot be read: '],
    [['provision', '--store', '@nowhere.json'], 'nowhere.json cannot be read: ENOENT'],
    [['..'], '".." is no name.'],
    [[], "missing required argument 'flow'"],
  ])('refuses %j', async (args, told) => {
    expect(await post(args)).toMatchObject({ exit: 2, body: null, err: expect.stringContaining(told) });
  });

  it('remarks on options that the flow does not declare, where it declares some', async () => {
    const told = async (what: object, ...args: string[]) =>
      (await post(['provision', ...args], { job: { ...job, ...what } })).err.trimEnd();
    const slips = ['--attempts', '2', '--atempts', '3', '-p', 'sizee=1'];
    const remark = 'not declared by provision, so for its store: --sizee, --atempts';
    expect(await told({ kind: 'flow' }, ...slips)).toBe(`${remark}\nx`);
    expect(await told({ kind: 'flow' }, '--attempts', '2', '--store', '{"size": 1}')).toBe('x');
    expect(await told({ kind: 'flow', parameters: {} }, ...slips)).toBe('x');
    expect(await told({ kind: 'steps' }, ...slips)).toBe('x');
  });

  it('is repeated while the server has no room, from its beginning', async () => {
    const server = await fakeServer(({ method }, count) => {
      if (count === 1 || count === 3) return problem(503, 'overloaded', 'No room.');
      return method === 'POST' ? { status: 202, body: accepted } : { body: job };
    });
    const { exit, err } = await runHere(['post', 'provision'], { environment: { BATCHY_URL: server.url } });
    expect([exit, err.match(/No room\. Trying again/g)]).toEqual([
      0,
      ['No room. Trying again', 'No room. Trying again'],
    ]);
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST', 'POST']);
  });

  it('lists what a flow takes', async () => {
    const { exit, out, body } = await post(['provision', '--help']);
    expect([exit, body]).toEqual([0, null]);
    expect(out).toMatch(/^Usage: batchy post provision \[--name value ...\] \[options\]\n\nMakes a server\n/);
    expect(out).toMatch(/^What provision takes:\n +--attempts <integer> +How often \(default: 3\)$/m);
    expect(out).toMatch(/^ +--volume_size <integer> +\(required\)$/m);
    expect(out).toMatch(/^ +--dry \[true\|false\]$/m);
    expect(out).toMatch(/^ +--zones <value>$/m);
    expect(out).toMatch(/^ +--hierarchy /m);
    expect(out).toContain('wait is given as -p wait=value');
    expect(out).toContain('Any other --name value goes into the store');
    const strict = await post(['provision', '-h'], { job: { ...job, additional_parameters: false } });
    expect(strict.out).toContain('It takes no others.');
  });

  it('says how it is used without a flow, too, and lists the jobs', async () => {
    const jobs = [
      { ...job, kind: 'flow', description: 'Makes a server\nof three parts' },
      { ...job, name: 'Nightly', kind: 'steps', description: null },
    ];
    const server = await fakeServer(() => ({ body: { jobs, broken: [] } }));
    const { exit, out, err } = await runHere(['post', '--help', '--url', server.url]);
    expect([exit, err]).toEqual([0, '']);
    expect(server.requests.map(({ method, url }) => [method, url])).toEqual([['GET', '/jobs']]);
    expect(out).toMatch(/^Usage: batchy post \[options\] <flow> \[parameters...\]/);
    expect(out).toContain('batchy post <flow> --help lists what the flow takes.');
    expect(out).toMatch(/\n\nname +kind +description\nprovision +flow +Makes a server\nNightly +steps$/);
  });

  it('says how it is used where no server can be asked for the jobs', async () => {
    const server = await fakeServer(() => 'drop');
    await server.goAway();
    const { exit, out, err } = await runHere(['post', '-h'], { environment: { BATCHY_URL: server.url } });
    expect([exit, out]).toEqual([0, expect.stringMatching(/^Usage: batchy post /)]);
    expect(err).toMatch(/^The jobs are not listed: .*\S/);
  });
});

describe('the hierarchy of a flow', () => {
  const nothing = (): void => {};
  const flow = defineFlow('provision', () =>
    linearFlow('vps', { retry: { kind: 'times', attempts: 5 } }, [
      task('volume', { requires: ['size'], provides: ['volume', 'iops'], execute: nothing, revert: nothing }),
      unorderedFlow('parts', { retry: forEach(['x', 'y'], 'zone') }, [
        task('attach', {
          rebind: { disk: 'volume' },
          requires: ['zone', 'instance'],
          optional: ['port'],
          execute: nothing,
        }),
        task('mark', { requires: ['late'], execute: nothing }),
      ]),
      linearFlow('hosts', { retry: parameterizedForEach('names') }, [
        task('last', { requires: [], provides: 'late', execute: nothing }),
      ]),
    ]),
  );
  const built: BuiltFlow = { flow: flow.buildFlow().flow, store: ['size'] };

  it('is a tree with what each task requires, from whom, and provides', async () => {
    expect(await runHere(['post', 'provision', '--hierarchy'], { machine: { buildFlow: async () => built } })).toEqual({
      exit: 0,
      out: [
        'vps(len=3)  linear; times(5)',
        '|__volume  requires size (posted); provides volume, iops',
        '|__parts(len=2)  unordered; forEach(["x","y"]) as zone',
        '|  |__attach  requires port?, disk=volume (from volume), zone (from parts), instance (missing); no revert',
        '|  |__mark  requires late (missing); no revert',
        '|__hosts(len=1)  linear; parameterizedForEach(names) as value; requires names (missing)',
        '   |__last  provides late; no revert',
      ].join('\n'),
      err: [
        'instance must be posted (--instance value): required by attach',
        'late must be posted (--late value): required by mark; last provides it, but not to them',
        'names must be posted (--names value): required by hosts',
      ].join('\n'),
    });
  });

  it('is JSON for scripts', async () => {
    const { out } = await runHere(['post', 'provision', '--hierarchy', '--json'], {
      machine: { buildFlow: async () => built },
    });
    expect(JSON.parse(out)).toMatchObject({
      name: 'vps',
      kind: 'linear',
      retry: { kind: 'times', attempts: 5 },
      children: [
        { name: 'volume', provides: ['volume', 'iops'], has_revert: true },
        { name: 'parts', children: [{ name: 'attach' }, { name: 'mark' }] },
        { name: 'hosts', kind: 'linear' },
      ],
    });
  });

  it('is made by the job files of this machine, of what is given', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-hierarchy-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(path.join(folder, 'cfg/jobs'), { recursive: true });
    const file = [
      "import { defineFlow, defineJob, linearFlow, step, task, times } from 'batchy';",
      'setInterval(() => {}, 1000);',
      "export const other = defineJob({ name: 'Other', steps: [step('one', () => {})] });",
      'export const provision = defineFlow(',
      "  'provision',",
      '  ({ attempts = 3, broken = false }) => {',
      "    if (broken) throw new TypeError('no such region');",
      "    return linearFlow('vps', { retry: times(attempts) }, [task('one', { requires: [], execute: () => {} })]);",
      '  },',
      ');',
    ];
    writeFileSync(path.join(folder, 'cfg/jobs/provision.ts'), file.join('\n'));
    const environment = { BATCHY_CFG: path.join(folder, 'cfg'), BATCHY_DATA: path.join(folder, 'data') };
    const hierarchy = (...args: string[]) => run('batchy', ['post', ...args, '--hierarchy'], { environment, folder });
    const [made, thrown, job] = await Promise.all([
      hierarchy('provision', '--attempts', '5'),
      hierarchy('provision', '--broken', 'true'),
      hierarchy('Other'),
    ]);
    expect(made).toEqual({ exit: 0, out: 'vps(len=1)  linear; times(5)\n|__one  no revert', err: '' });
    expect(thrown).toMatchObject({
      exit: 2,
      err: 'batchy: jobs/provision.ts:7:23: TypeError: no such region (invalid-job)',
    });
    expect(job).toMatchObject({ exit: 2, err: expect.stringContaining('"Other" is no flow') });
  });
});
