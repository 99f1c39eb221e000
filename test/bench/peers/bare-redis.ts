import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import fastify from 'fastify';
import { Redis } from 'ioredis';

/**
 * What the service is held against: Fastify and ioredis with nothing around them. It has no rules, no checks and no clock but
 * this process's; it writes the keys that a commit of the service writes, with the same fields in them: taken from what the
 * service wrote in the same Redis, its own ids and times put in. Settings: PORT, REDIS_URL.
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

/** What a commit writes beside the head. The peer keeps the service's own of the same workflow and puts its ids and times in. */
interface Kept {
  readonly ledger: Ledger;
  readonly opening: Record<string, unknown>;
  readonly outcomes: Record<string, Record<string, unknown>>;
  readonly operation: unknown;
  readonly entry: Entry;
}

interface Ledger {
  revision: number;
  lastBatchId: number;
  jobs: [string, { batch: Record<string, unknown> }][];
}

interface Entry {
  type: string;
  workflow: string;
  at: string;
  batch_id: number;
  jobs: { job: string; before: Record<string, unknown>; after: Record<string, unknown> }[];
}

const kept = await readKept('wf000');
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
    const window = { status, batch_id: id, from_date: startBefore, until: time };
    const jobArguments = Object.entries(jobs).flatMap(([job, parameters]) => [
      job,
      JSON.stringify(Object.assign(parameters, ended)),
      JSON.stringify({ ...kept.outcomes[job], ...ended, from_date: startBefore, until: time }),
    ]);
    const batch = { id, start, from: startBefore, until: time, ended: action === 'close' };
    const ledger = JSON.stringify({
      ...kept.ledger,
      lastBatchId: id,
      jobs: kept.ledger.jobs.map(([job, known]) => [job, { batch: { ...known.batch, ...batch } }]),
    });
    const entry = JSON.stringify({
      ...kept.entry,
      type: `batch-${status}`,
      workflow: wf,
      at: time,
      batch_id: id,
      jobs: kept.entry.jobs.map(({ job, before }) => ({ job, before, after: { ...before, ...window } })),
    });
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
      ledger,
      `000000${id} ${id}`,
      JSON.stringify({ ...kept.opening, number: id, opened_at: start }),
      JSON.stringify(kept.operation),
      entry,
      action === 'open' ? '' : `${time} 000000${id} ${start}`,
      ...jobArguments,
    );
    if (written !== 1) throw new Error('somebody was quicker');
    return reply.send(jobs);
  });
}

await server.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) });

async function readKept(workflow: string): Promise<Kept> {
  const [names, ledger, operations, entries] = await Promise.all([
    redis.keys(`batchy:record:${workflow}:*`),
    redis.get(`batchy:ledger:${workflow}`),
    redis.keys('batchy:operation:*'),
    redis.xrevrange('batchy:journal', '+', '-', 'COUNT', 1),
  ]);
  const record = names.find((name) => !name.endsWith('-init')) ?? '';
  const { _: opening, ...outcomes } = await redis.hgetall(record);
  const operation = await redis.get(operations[0] ?? '');
  const read = <T>(what: string, text: string | null | undefined): T => {
    if (text === undefined || text === null || text === '') throw new Error(`the service left no ${what}`);
    return JSON.parse(text) as T;
  };
  return {
    ledger: read('ledger', ledger),
    opening: read('opening', opening),
    outcomes: Object.fromEntries(Object.entries(outcomes).map(([job, text]) => [job, read('outcome', text)])),
    operation: read('operation', operation?.slice(operation.indexOf('\n') + 1)),
    entry: read('entry', entries[0]?.[1][1]),
  };
}
