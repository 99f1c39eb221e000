import { alternate, perSecond, pick, type Reach, type Row, rowOf, serverRounds } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import type { CleanUp } from '../processes.ts';
import { startRedisServers } from '../redis-servers.ts';
import { requestsPerSecond } from './get-status.ts';
import { openAndClose } from './open-close.ts';

const reach: Reach = { atLeast: 5 };
const names = {
  status: 'get_status against older service',
  open: 'open_batch against older service',
  close: 'close_batch against older service',
};

/** The program that teams know, where one has it: by URL, since it is not ours to ship. It must have loaded `wf1`. */
export async function measureOlderService({ peer, quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const group = 'older-service';
  if (peer === null) {
    const skipped = { group, ours: '', peer: '', ratio: null, spread: null, reach, note: 'skipped: no --peer' };
    return Object.values(names).map((name) => ({ ...skipped, name }));
  }
  const { ours, workflows } = await startRedisServers(cleanUp, 100);
  const seconds = quick ? 1 : 3;
  const rounds = serverRounds(quick);
  // It has one workflow for certain. One or many is all the same to it: it locks nothing, and lets a close be repeated.
  const known = workflows.map(() => 'wf1');
  const status = await alternate(
    rounds,
    () => requestsPerSecond(`${ours.origin}/get_status/${workflows[0]}`, seconds),
    () => requestsPerSecond(`${peer}/get_status/${known[0]}`, seconds),
  );
  // It knows these routes under GET only.
  const changes = await alternate(
    rounds,
    () => openAndClose(ours.origin, workflows, 'GET', seconds),
    () => openAndClose(peer, known, 'GET', seconds),
  );
  const row = (name: string, stage: number): Row =>
    rowOf(
      pick(changes, (round) => round[stage] ?? Number.NaN),
      { group, name, reach, format: perSecond },
    );
  return [
    rowOf(status, { group, name: names.status, reach, format: perSecond }),
    row(names.open, 0),
    row(names.close, 1),
  ];
}
