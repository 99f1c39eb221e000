import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import { startJobService } from './job-service.ts';

const nothingToDo = `name: Copy\nsteps:\n  - { name: Echo, shell: [echo, hello] }\n`;

it('the service tells what the process beside it has run, also what that had run before its job files changed', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-metrics-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const jobs = path.join(folder, 'cfg/jobs');
  mkdirSync(jobs, { recursive: true });
  writeFileSync(path.join(jobs, 'copy.yaml'), nothingToDo);
  const service = await startJobService(folder);
  onTestFinished(() => service.stop());
  const scraped = async (): Promise<string[]> =>
    ((await service.call('GET', '/metrics')).json as string)
      .split('\n')
      .filter((line) => /^batchy_(?:executions_total|step_duration_seconds_count|conductor)/.test(line));
  const run = async (day: number): Promise<void> => {
    await service.ended((await service.call('POST', '/jobs/Copy/launch', { day })).json.execution_id);
  };
  const told = (count: number): string[] => [
    `batchy_executions_total{job_name="Copy",status="COMPLETED"} ${count}`,
    'batchy_executions_total{job_name="Copy",status="FAILED"} 0',
    'batchy_executions_total{job_name="Copy",status="REVERTED"} 0',
    `batchy_step_duration_seconds_count{job_name="Copy"} ${count}`,
    'batchy_conductor_up 1',
  ];

  await run(1);
  await expect.poll(scraped, { timeout: 50_000 }).toEqual(told(1));
  writeFileSync(path.join(jobs, 'copy.yaml'), `${nothingToDo}description: as before\n`);
  const description = async () => (await service.call('GET', '/jobs/Copy')).json.description;
  await expect.poll(description, { timeout: 50_000 }).toBe('as before');
  await run(2);
  await expect.poll(scraped, { timeout: 50_000 }).toEqual(told(2));
});
