import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import type { TravellingJob } from '../src/conductor-messages.ts';
import type { ConductorRole } from '../src/domain/heartbeat.ts';
import { createJobFileReport } from '../src/job-file-report.ts';
import type { BrokenJobFile } from '../src/service/job-catalog.ts';

const job: TravellingJob = { definition: '{}', file: 'load.ts', version: '1', readAt: 0n };
const half: BrokenJobFile = { file: 'half.ts', line: 7, column: 2, message: 'Unexpected token }', jobs: [] };

let folder: string;
let lines: string[];
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'batchy-report-')), 'jobs');
  lines = [];
});
afterEach(() => rmSync(path.dirname(folder), { recursive: true }));

function reportTo(role: ConductorRole): (jobs: TravellingJob[], broken?: BrokenJobFile[]) => void {
  const say =
    (level: string) =>
    (text: unknown): void =>
      void lines.push(`${level} ${String(text)}`.replaceAll(folder, 'JOBS'));
  const log = () => ({ info: say('info'), warn: say('warn') });
  const report = createJobFileReport({ BATCHY_CFG: path.dirname(folder) }, role, log);
  return (jobs, broken = []) => report.tell({ kind: 'catalog', jobs, broken });
}

it('says once why a worker has nothing to run, whenever that changes, and when it has', () => {
  const tell = reportTo('worker');
  tell([]);
  tell([]);
  mkdirSync(folder);
  tell([]);
  tell([], [half]);
  tell([job]);
  tell([job]);
  tell([]);
  const again = 'It looks again when something changes there.';
  expect(lines).toEqual([
    `warn this worker runs nothing: there is no folder JOBS (BATCHY_CFG says where it is). ${again}`,
    `warn this worker runs nothing: there is no job file in JOBS (BATCHY_CFG says where it is). ${again}`,
    'warn jobs/half.ts:7: Unexpected token }',
    `warn this worker runs nothing: no job file in JOBS can be used (1 broken). ${again}`,
    'info this worker runs 1 job of JOBS',
    `warn this worker runs nothing: there is no job file in JOBS (BATCHY_CFG says where it is). ${again}`,
  ]);
});

it('says of a server only which files are broken: it may be there for batches alone', () => {
  const tell = reportTo('serve');
  tell([]);
  tell([], [half]);
  tell([job]);
  expect(lines).toEqual(['warn jobs/half.ts:7: Unexpected token }']);
});
