import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import fastify from 'fastify';
import { Redis } from 'ioredis';

/**
 * What the service is held against: Fastify and ioredis with nothing around them. It has no rules, no checks and no clock but
 * this process's; it writes the keys that a commit of the service writes, with texts as long, taken from what the service
 * wrote in the same Redis. Settings: PORT, REDIS_URL.
 */
const redis = new Redis(process.env['REDIS_URL'] ?? '');
const script = readFileSync(new URL('commit.lua', import.meta.url), 'utf8');
const scriptHash = createHash('sha1').update(script).digest('hex');
await redis.script('LOAD', script);

const server = fastify();

server.get<{ Params: { wf: string } }>('/get_status/:wf', async ({ params }, reply) => {
  const jobs = await redis.hgetall(params.wf);
  const fields = Object.entries(jobs).map(([job, text]) => `${JSON.stringify(job)}:${text}`);
  return reply.type('application/json; charset=utf-8').send(`{${fields.join(',')}}`);
});

/** Of one workflow, as the service left them after an open and a close. */
interface Texts {
  readonly ledger: string;
  readonly opening: string;
  readonly outcome: string;
  readonly operation: string;
  readonly entry: string;
}

const texts = await readTexts('wf000');
const starts = new Map<string, string>();

for (const [action, before, status] of [
  ['open', 'success', 'open'],
  ['close', 'open', 'success'],
] as const) {
  server.post<{ Params: { wf: string } }>(`/${action}_batch/:wf`, async ({ params: { wf } }, reply) => {
    const key = `peer:${wf}`;
    const found = await redis.hgetall(key);
    const now = new Date();
    const time = `${now.toISOString().slice(0, -1)}000`;
    const jobs: Record<string, Record<string, unknown>> = {};
    for (const [job, text] of Object.entries(found)) jobs[job] = JSON.parse(text) as Record<string, unknown>;
    const last = Number(Object.values(jobs)[0]?.['batch_id']);
    const id = action === 'open' ? Math.max(Math.floor(now.getTime() / 1000), last + 1) : last;
    const ended =
      action === 'open' ? { batch_start: time, batch_end: null, status, batch_id: id } : { batch_end: time, status };
    const startBefore = starts.get(wf) ?? time;
    const start = action === 'open' ? time : startBefore;
    starts.set(wf, start);
    const jobArguments = Object.entries(jobs).flatMap(([job, parameters]) => [
      job,
      JSON.stringify(Object.assign(parameters, ended)),
      texts.outcome,
    ]);
    const written = await redis.evalsha(
      scriptHash,
      8,
      key,
      `peer:ledger:${wf}`,
      `peer:record:${wf}:${id}`,
      `peer:${wf}-${id}`,
      `peer:records:${wf}`,
      `peer:windows:${wf}:`,
      `peer:journal:of:${wf}`,
      `peer:operation:${crypto.randomUUID()}`,
      wf,
      Object.values(found).join('\n'),
      before,
      status,
      startBefore,
      time,
      startBefore,
      start,
      texts.ledger,
      `000000${id} ${id}`,
      texts.opening,
      texts.operation,
      texts.entry,
      action === 'open' ? '' : `${time} 000000${id} ${start}`,
      ...jobArguments,
    );
    if (written !== 1) throw new Error('somebody was quicker');
    return reply.send(jobs);
  });
}

await server.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });

async function readTexts(workflow: string): Promise<Texts> {
  const [names, ledger, operations, entries] = await Promise.all([
    redis.keys(`batchy:record:${workflow}:*`),
    redis.get(`batchy:ledger:${workflow}`),
    redis.keys('batchy:operation:*'),
    redis.xrevrange('batchy:journal', '+', '-', 'COUNT', 1),
  ]);
  const record = names.find((name) => !name.endsWith('-init')) ?? '';
  const { _: opening = '', ...outcomes } = await redis.hgetall(record);
  const operation = await redis.get(operations[0] ?? '');
  const found = { ledger, opening, outcome: Object.values(outcomes)[0], operation, entry: entries[0]?.[1][1] };
  for (const [what, text] of Object.entries(found))
    if (text === undefined || text === null || text === '') throw new Error(`the service left no ${what}`);
  return found as Texts;
}
