import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, it, onTestFinished, vi } from 'vitest';

import { defaultRetry } from '../../src/domain/job.ts';
import { runExecution } from '../../src/runner/engine.ts';
import type { StepContext } from '../../src/runner/step-context.ts';
import { createManualTimers } from './manual-timers.ts';
import { createWorld, jobOf } from './world.ts';

const task = (run: (ctx: StepContext) => unknown) => ({ kind: 'task', run }) as const;

describe('tasks of a list', () => {
  it('run at most maxProcs at a time, in order', async () => {
    const world = await createWorld();
    const running = new Set<string>();
    const begun: string[] = [];
    let most = 0;
    const body = task(async ({ execution }) => {
      running.add(execution.stepName);
      begun.push(execution.stepName);
      most = Math.max(most, running.size);
      await new Promise(setImmediate);
      running.delete(execution.stepName);
    });
    const names = ['a', 'b', 'c', 'd', 'e'];
    const steps = names.map((name) => ({ name, body, dependsOn: [] }));
    expect((await world.runNew(jobOf(steps, { maxProcs: 2 }))).status).toBe('COMPLETED');
    expect(most).toBe(2);
    expect(begun).toEqual(names);
    most = 0;
    await world.runNew(jobOf(steps, { maxProcs: 1 }), { forced: true });
    expect(most).toBe(1);
    await world.close();
  });

  it('append to the file that the list names, with a banner for each attempt', async () => {
    const world = await createWorld();
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-task-log-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const logFile = path.join(folder, 'load.log');
    let failures = 1;
    const body = task(({ logger, attempt }) => {
      logger.info(`loading, ${attempt}`);
      if (failures-- > 0) throw new Error('no network');
    });
    const retry = { ...defaultRetry, maxRetries: 2, delaySeconds: 3 };
    const job = jobOf([{ name: 'load', body, retry, task: { id: 4, logFile } }]);
    await world.runNew(job);
    await world.runNew(job, { forced: true });
    const lines = readFileSync(logFile, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/^\S+ (\S+)\s+/, '$1 '));
    expect(lines.filter((line) => !line.includes(' at '))).toEqual([
      'INFO ============ TASK 4 load ============',
      'INFO loading, 1',
      'ERROR Error: no network',
      'INFO tried again in 3 s',
      'INFO ============ TASK 4 load, RESTART ATTEMPT 2 ============',
      'INFO loading, 2',
      'INFO completed',
      'INFO ============ TASK 4 load ============',
      'INFO loading, 1',
      'INFO completed',
    ]);
    await world.close();
  });

  it.each<[string, (folder: string) => string, RegExp]>([
    ['below a file', (folder) => path.join(folder, 'file/below/load.log'), /ENOTDIR|EEXIST/],
    ['that is a folder', (folder) => folder, /EISDIR/],
    ['that is a pipe which nobody reads', (folder) => path.join(folder, 'pipe'), /ENXIO/],
  ])('run although the file is one %s, and say so', async (_what, fileIn, reason) => {
    const world = await createWorld();
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-task-log-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(path.join(folder, 'file'), '');
    execFileSync('mkfifo', [path.join(folder, 'pipe')]);
    const logFile = fileIn(folder);
    const problems: string[] = [];
    const job = jobOf([{ name: 'load', body: task(({ logger }) => logger.info('loading')), task: { id: 4, logFile } }]);
    const id = await world.launch(job);
    await runExecution(
      await world.take(id),
      job,
      { ...world.tools, onProblem: (error) => problems.push((error as Error).message) },
      new AbortController().signal,
    );
    expect((await world.outcome(id)).status).toBe('COMPLETED');
    const what = `the LOGFILE ${logFile} cannot be written (`;
    expect(problems).toEqual([expect.stringContaining(`task 4 load: ${what}`)]);
    expect(problems[0]).toMatch(reason);
    for (const step of ['load', null]) expect(await world.log(id, step)).toMatch(/WARN .*the LOGFILE [^]*loading/);
    await world.close();
  });

  it.each([
    ['while an attempt runs', 0, 1],
    ['while it waits for its next attempt', 100, 1],
  ])('have one time for all attempts, which is over %s', async (_when, delaySeconds, attemptsToFail) => {
    const timers = createManualTimers();
    const world = await createWorld({ timers });
    const attempts: number[] = [];
    const body = task(async ({ attempt, signal }) => {
      attempts.push(attempt);
      if (attempt <= attemptsToFail) throw new Error('not yet');
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    });
    const retry = { ...defaultRetry, maxRetries: 5, delaySeconds };
    const job = jobOf([{ name: 'slow', body, retry, timeoutSeconds: 10, timeoutCovers: 'all-attempts' }]);
    const ended = world.runNew(job);
    let isOver = false;
    void ended.finally(() => (isOver = true));
    await vi.waitFor(() => {
      timers.advance(1000);
      expect(isOver).toBe(true);
    }, 10_000);
    const { status, execution, steps } = await ended;
    expect(status).toBe('FAILED');
    expect(execution.exitMessage).toBe('The step took longer than its timeout of 10 s.');
    expect(attempts).toEqual(delaySeconds === 0 ? [1, 2] : [1]);
    expect(steps[0]?.counters.retry).toBe(1);
    await world.close();
  });
});
