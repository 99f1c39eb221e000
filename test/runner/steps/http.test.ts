import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { HttpBody } from '../../../src/runner/step-body.ts';
import { createWorld, jobOf, type World } from '../world.ts';

describe('an http step', () => {
  let server: Server;
  let url: string;
  let asked: { method: string; url: string; body: string; type: string | undefined }[];
  let answer = 200;
  let world: World;
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        asked.push({
          method: request.method ?? '',
          url: request.url ?? '',
          body,
          type: request.headers['content-type'],
        });
        response.writeHead(answer, answer === 302 ? { location: '/elsewhere' } : {}).end('as you wish');
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());
  beforeEach(async () => {
    asked = [];
    answer = 200;
    world = await createWorld();
  });
  afterEach(() => world.close());

  const http = (options: Partial<HttpBody>) =>
    jobOf([
      {
        name: 'Call',
        body: { kind: 'http', method: 'POST', url, headers: {}, body: null, allowPrivate: true, ...options },
      },
    ]);

  it('sends what it is told, with each value in its place', async () => {
    const job = http({ url: `${url}/orders/{{day}}?q={{q}}`, body: { day: '{{day}}', n: [1, '{{q}}'] } });
    const { status } = await world.runNew(job, { parameters: { day: '2026-11-21', q: 'a/b&c=d' } });
    expect(status).toBe('COMPLETED');
    expect(asked).toEqual([
      {
        method: 'POST',
        url: '/orders/2026-11-21?q=a%2Fb%26c%3Dd',
        body: '{"day":"2026-11-21","n":[1,"a/b&c=d"]}',
        type: 'application/json',
      },
    ]);
    expect(await world.log(1, 'Call')).toContain('OUT   as you wish\n');
  });

  it('fails for any status but a success, and follows no redirect', async () => {
    for (answer of [500, 302]) {
      const { execution } = await world.runNew(http({ method: 'GET' }), { forced: true });
      expect(execution.exitMessage).toBe(`GET ${url}/ answered ${answer}: as you wish`);
    }
    expect(asked).toHaveLength(2);
  });

  it('asks no private target unless it is allowed, and nothing that is no http', async () => {
    const refused = await world.runNew(http({ allowPrivate: false }));
    expect(refused.execution.exitMessage).toContain('127.0.0.1 is an address of this machine');
    const file = await world.runNew(http({ url: 'file:///etc/passwd' }), { forced: true });
    expect(file.execution.exitMessage).toBe('"file:///etc/passwd" is no http or https URL.');
    expect(asked).toEqual([]);
  });
});
