import type { Redis } from 'ioredis';

import { formatInstant, parseInstant } from '../../src/domain/time.ts';

type Jobs = Record<string, Record<string, unknown>>;

/** What the program that this service replaces does to the database that both share. */
export interface OlderProgram {
  load(workflow: string, jobs: Jobs): Promise<void>;
  /** @returns the id */
  open(workflow: string): Promise<number>;
  close(workflow: string): Promise<void>;
  fail(workflow: string): Promise<void>;
  read(key: string): Promise<Jobs>;
}

/** The one form of a time that it can read back as a start: with a fraction. */
const readableStart = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}$/;

/** @param now six fraction digits; it drops them when they are zero, as it does */
export function createOlderProgram(redis: Redis, now: () => Promise<string>): OlderProgram {
  const time = async (): Promise<string> => (await now()).replace(/\.000000$/, '');

  async function read(key: string): Promise<Jobs> {
    const fields = await redis.hgetall(key);
    return Object.fromEntries(Object.entries(fields).map(([job, text]) => [job, JSON.parse(text)]));
  }

  /** Field by field, into the copy of the batch and then into the head; a space behind each colon and comma. */
  async function write(workflow: string, jobs: Jobs): Promise<void> {
    const ids = Object.values(jobs).flatMap(({ batch_id: id }) => (typeof id === 'number' ? [id] : []));
    const copy = `${workflow}-${ids.at(-1) ?? `${epoch(await now())}-init`}`;
    for (const key of [copy, workflow]) {
      for (const [job, parameters] of Object.entries(jobs))
        await redis.hset(key, job, JSON.stringify(parameters, null, 1).replaceAll(/\n */g, ' '));
    }
  }

  async function end(workflow: string, status: string): Promise<void> {
    const jobs = await read(workflow);
    for (const parameters of Object.values(jobs)) Object.assign(parameters, { batch_end: await time(), status });
    await write(workflow, jobs);
  }

  return {
    read,
    async load(workflow, jobs) {
      await redis.del(workflow);
      await write(workflow, jobs);
    },
    async open(workflow) {
      const jobs = await read(workflow);
      const id = epoch(await now());
      for (const parameters of Object.values(jobs)) {
        if (parameters['status'] === 'success') parameters['from_date'] = lessHours(parameters);
        Object.assign(parameters, { batch_start: await time(), batch_end: null, status: 'open', batch_id: id });
      }
      await write(workflow, jobs);
      return id;
    },
    close: (workflow) => end(workflow, 'success'),
    fail: (workflow) => end(workflow, 'failure'),
  };
}

function lessHours({ batch_start: start, reprocess_hours: hours = 0 }: Record<string, unknown>): string {
  if (typeof start !== 'string' || !readableStart.test(start)) throw new Error(`it cannot read ${String(start)}`);
  const begins = (parseInstant(start) ?? 0n) - BigInt(hours as number) * 3_600_000_000_000n;
  return formatInstant(begins).replace(/\.000000$/, '');
}

function epoch(time: string): number {
  return Math.floor(Date.parse(`${time}Z`) / 1000);
}
