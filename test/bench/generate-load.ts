import { type Lane, openLane, requestBytes } from './lane.ts';

/** What a load process is asked to do: every stage's URLs, shared out among the connections, stage after stage, again and again. */
export interface LoadPlan {
  readonly connections: number;
  readonly method: 'GET' | 'POST';
  readonly stages: readonly (readonly string[])[];
  /** Ends with the cycle in which this time is over. */
  readonly seconds: number;
}

/** Requests a second of each stage: the whole time of its runs, the slowest connection's wait included. */
export type LoadResult = readonly number[];

/** Runs a plan. @throws Error for an answer that is no 2xx: what is refused fast must not count as fast */
async function generateLoad({ connections, method, stages, seconds }: LoadPlan): Promise<LoadResult> {
  const origin = new URL(stages[0]?.[0] ?? '');
  const lanes = await Promise.all(Array.from({ length: connections }, () => openLane(origin)));
  const prepared = stages.map((urls) => urls.map((url) => requestBytes(method, new URL(url))));
  const spent = prepared.map(() => 0);
  const end = performance.now() + seconds * 1000;
  let cycles = 0;
  for (; performance.now() < end; cycles += 1) {
    for (const [stage, requests] of prepared.entries()) {
      const began = performance.now();
      const waiting = requests.values();
      await Promise.all(lanes.map((lane) => work(lane, waiting)));
      spent[stage] = (spent[stage] ?? 0) + performance.now() - began;
    }
  }
  for (const lane of lanes) lane.close();
  return prepared.map((requests, stage) => (1000 * cycles * requests.length) / (spent[stage] ?? Number.NaN));
}

/** Each URL is taken by one connection: no two ask for the same workflow at a time. */
async function work(lane: Lane, requests: Iterable<Buffer>): Promise<void> {
  for (const request of requests) {
    const status = await lane.ask(request);
    if (status < 200 || status > 299) throw new Error(`${request.toString().split('\r\n')[0]}: answered ${status}`);
  }
}

if (import.meta.main) console.log(JSON.stringify(await generateLoad(JSON.parse(process.argv[2] ?? '') as LoadPlan)));
