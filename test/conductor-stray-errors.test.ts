import { EventEmitter } from 'node:events';

import { beforeEach, expect, it } from 'vitest';

import { catchStrayErrors } from '../src/conductor-stray-errors.ts';
import { ownFileErrors, ownStrayErrors, type StrayErrorTarget } from '../src/runner/stray-errors.ts';

let source: EventEmitter;
let told: string[];
let isReading: boolean;
beforeEach(() => {
  source = new EventEmitter();
  told = [];
  isReading = false;
  catchStrayErrors(source, {
    runs: () => ['execution 4 (Load)', 'execution 5 (Copy)'],
    log: (level, message) => told.push(`${level}: ${message.split('\n')[0]}`),
    onUnsound: () => told.push('unsound'),
    onExit: (executionId, whose, code) => told.push(`${executionId}: ${whose} exits with ${code}`),
    onFileExit: (file) => told.push(`${file} exits`),
    isReading: () => isReading,
  });
});

const events = ['unhandledRejection', 'uncaughtException'] as const;
const target = (fail: StrayErrorTarget['fail']): StrayErrorTarget => ({
  executionId: 4,
  jobName: 'Load',
  stepName: 'Extract',
  fail,
  note: (text) => told.push(`noted: ${text}`),
});

it.each(events)('lets the step fail whose %s it is, and nothing else', (event) => {
  const failed: unknown[] = [];
  ownStrayErrors(
    target((error) => failed.push(error) > 0),
    () => source.emit(event, new Error('boom')),
  );
  expect(failed).toEqual([new Error('boom')]);
  expect(told).toEqual(['warn: step Extract of execution 4 (Load) fails of an error that nothing caught: boom']);
});

it.each(events)('names the step whose %s it is, and what runs, when the step has ended', (event) => {
  ownStrayErrors(
    target(() => false),
    () => source.emit(event, new Error('boom')),
  );
  expect(told).toEqual([
    'error: an error was thrown by step Extract of execution 4 (Load), which had ended, and nothing caught it. What runs, goes on: execution 4 (Load), execution 5 (Copy).',
  ]);
});

it.each(events)('names what runs for an %s of nobody, and trusts the process no longer after an exception', (event) => {
  source.emit(event, 'no error at all');
  expect(told).toEqual([
    'error: an error was thrown in the process that runs jobs, and nothing caught it. What runs, goes on: execution 4 (Load), execution 5 (Copy).',
    ...(event === 'uncaughtException' ? ['unsound'] : []),
  ]);
});

it('tells whose code ends the process, and nothing of an end in good order', () => {
  source.emit('exit', 0);
  expect(told).toEqual([]);
  ownStrayErrors(
    target(() => false),
    () => source.emit('exit', 7),
  );
  expect(told).toEqual([
    'noted: the step ends the process, with exit code 7, and with it all that runs there',
    '4: step Extract of execution 4 (Load) exits with 7',
  ]);
});

it.each(events)('lets the job file be broken whose %s it is while it is read', (event) => {
  const failed: unknown[] = [];
  const fail = (error: unknown): boolean => failed.push(error) > 0;
  ownFileErrors({ file: 'load.ts', fail }, () => source.emit(event, new Error('boom')));
  expect([failed, told]).toEqual([[new Error('boom')], []]);
});

it.each(events)('names the job file whose %s it is when it was read, a few times only', (event) => {
  for (let round = 0; round < 12; round += 1)
    ownFileErrors({ file: 'load.ts', fail: () => false }, () => source.emit(event, new Error('boom')));
  const lines = told.filter((line) => line !== 'unsound');
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe(
    'error: an error was thrown by the top level of jobs/load.ts, after it was read, and nothing caught it. What runs, goes on: execution 4 (Load), execution 5 (Copy).',
  );
  expect(told.filter((line) => line === 'unsound')).toHaveLength(event === 'uncaughtException' ? 12 : 0);
});

it('tells which job file ends the process, while files are read and later', () => {
  const exit = (): unknown => ownFileErrors({ file: 'load.ts', fail: () => false }, () => source.emit('exit', 3));
  isReading = true;
  exit();
  isReading = false;
  exit();
  expect(told).toEqual(['load.ts exits', 'null: the top level of jobs/load.ts exits with 3']);
});
