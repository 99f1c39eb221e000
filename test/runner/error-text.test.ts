import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { errorStack } from '../../src/runner/error-text.ts';

const engine = path.join(import.meta.dirname, '../../src/runner');
const own = [
  `    at runTask (file://${engine}/steps/task.ts:9:1)`,
  `    at async runStep (${engine}/step-execution.ts:1:1)`,
];
const language = [
  '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
  '    at async Promise.all (index 0)',
];
const library = ['    at open (file:///app/node_modules/sql/index.js:1:1)'];
const author = ['    at load (file:///cfg/jobs/load.ts:3:9)', '    at async file:///cfg/jobs/load.ts:7:3'];

function logged(frames: readonly string[], cause?: unknown): string[] {
  const error = new Error('it broke', { cause });
  error.stack = ['Error: it broke', ...frames].join('\n');
  return errorStack(error).split('\n').slice(1);
}

describe('the stack in a log', () => {
  it('ends with the author’s code', () => {
    expect(logged([...author, ...language, ...own])).toEqual(author);
    expect(logged([...library, ...author, ...own, ...language])).toEqual([...library, ...author]);
    expect(logged([...own, ...author, ...own])).toEqual([...own, ...author]);
  });

  it('is whole where none of it is the author’s', () => {
    expect(logged([...library, ...own, ...language])).toEqual([...library, ...own, ...language]);
    expect(logged([])).toEqual([]);
  });

  it('ends so for each cause', () => {
    const cause = new Error('deep down');
    cause.stack = ['Error: deep down', ...author, ...own].join('\n');
    expect(logged([...author, ...own], cause)).toEqual([...author, 'caused by Error: deep down', ...author]);
  });

  it('keeps the lines of a message, though they look like frames', () => {
    const error = new Error('a\n    at b');
    expect(errorStack(error)).toContain('a\n    at b');
  });
});
