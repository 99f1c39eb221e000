import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createConductor, type Conductor } from '../../src/runner/conductor.ts';
import type { RunnableJob } from '../../src/runner/job.ts';
import { tellWebhook } from '../../src/runner/webhook.ts';
import { blocksOf, documents } from '../docs/documents.ts';
import { createWorld, jobOf, type World } from './world.ts';

describe('the webhook of a task list', () => {
  let server: Server;
  let url: string;
  let asked: { request: IncomingMessage; body: unknown }[];
  let answer: (response: ServerResponse) => void;
  let world: World;
  let conductor: Conductor;
  let problems: string[];

  beforeEach(async () => {
    asked = [];
    problems = [];
    answer = (response) => void response.writeHead(204).end();
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        asked.push({ request, body: JSON.parse(body) });
        answer(response);
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    world = await createWorld();
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await world.close();
  });

  const listed = (fails: readonly string[], webhook: string): RunnableJob => {
    const run = (name: string) => () => {
      if (fails.includes(name)) throw new Error(`${name} is out of order`);
    };
    const steps = ['load', 'report'].map((name, index) => ({
      name,
      dependsOn: [],
      task: { id: index + 3, logFile: null },
      body: { kind: 'task' as const, run: run(name) },
    }));
    return { ...jobOf(steps, { name: 'shop', onFailure: 'continue' }), webhook };
  };

  /** To its end, and until all was told. */
  async function run(job: RunnableJob): Promise<number> {
    conductor = createConductor({
      ...world.tools,
      stores: world.stores,
      catalog: new Map([['shop', job]]),
      id: 'here',
      leaseSeconds: 15,
      concurrency: 1,
      lookEveryMilliseconds: 1000,
      onProblem: (error) => problems.push(error instanceof Error ? error.message : String(error)),
    });
    const id = await world.launch(job);
    await conductor.start();
    await vi.waitFor(async () => expect((await world.outcome(id)).execution.endedAt).not.toBeNull());
    await conductor.stop();
    return id;
  }

  it('is told what has failed, how the run ended, and when', async () => {
    const id = await run(listed(['report'], `${url}/hook?for=me`));
    expect(asked.map(({ request: { method, url: path, headers } }) => [method, path, headers['content-type']])).toEqual(
      [['POST', '/hook?for=me', 'application/json']],
    );
    expect(asked[0]?.body).toEqual({
      app: 'shop',
      execution_id: id,
      status: 'FAILED',
      exit_code: 1,
      failed_tasks: [{ id: 4, name: 'report', message: 'report is out of order' }],
      started: expect.stringMatching(/^2026-11-21T12:00/),
      ended: expect.stringMatching(/^2026-11-21T12:00/),
    });
    expect(problems).toEqual([]);
    const [documented = ''] = blocksOf(documents.get('docs/task-lists.md') ?? '', 'json webhook');
    expect(Object.keys(asked[0]?.body as object)).toEqual(Object.keys(JSON.parse(documented) as object));
  });

  it('is told of a success, by who the URL says', async () => {
    await run(listed([], url.replace('//', '//ann:s%20cret@')));
    expect(asked[0]?.body).toMatchObject({ status: 'COMPLETED', exit_code: 0, failed_tasks: [] });
    expect(asked[0]?.request.headers.authorization).toBe(`Basic ${btoa('ann:s cret')}`);
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    ['answers with an error', (response) => response.writeHead(500).end('no'), /answered 500/],
    ['leads elsewhere', (response) => response.writeHead(302, { location: '/other' }).end(), /answered 302/],
    ['hangs up', (response) => response.destroy(), /failed: /],
  ])('that %s is told of in the log, without its key, and the run is none the worse', async (_how, how, message) => {
    answer = how;
    const id = await run(listed([], `${url}/services/KEY`));
    expect((await world.outcome(id)).status).toBe('COMPLETED');
    expect(asked).toHaveLength(1);
    expect(problems).toEqual([expect.stringMatching(message)]);
    const log = await world.log(id, null);
    expect(log).toContain(`WARN  ${problems[0]}`);
    expect(log).not.toContain('KEY');
  });

  it('is not waited for as long as it takes', async () => {
    answer = () => undefined;
    const job = listed([], url);
    const { execution } = await world.runNew(job);
    await tellWebhook(
      job,
      { execution, steps: new Map() },
      { deadlineMilliseconds: 50, onFailure: (message) => problems.push(message) },
    );
    expect(problems).toEqual([expect.stringContaining('did not answer within 0.05 s')]);
  });
});
