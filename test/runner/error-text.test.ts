import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { errorKind, errorStack, errorText, PlainFailure } from '../../src/runner/error-text.ts';

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

  it('is not told of what is ours by nature, nor of its causes', () => {
    const error = new PlainFailure('ended with exit code 7', { cause: new Error('deep down', { cause: 'a text' }) });
    expect(errorStack(error)).toBe('ended with exit code 7\ncaused by deep down\ncaused by a text');
    expect(errorKind(error)).toBe('Error');
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

/** Whatever authors and their libraries make of an error. */
function oddError(what: PropertyDescriptorMap): Error {
  return Object.defineProperties(new Error('it broke'), what);
}
const throwing = {
  get(): never {
    throw new Error('not even that');
  },
};

describe('what is stored of an error', () => {
  it.each<[string, unknown, string]>([
    ['its message', new Error('it broke'), 'it broke'],
    ['its name where it has no message', new TypeError(''), 'TypeError'],
    ['a message that is an object', oddError({ message: { value: { code: 8 } } }), '{"code":8}'],
    ['a message that is a number', oddError({ message: { value: 404 } }), '404'],
    ['a name that is none', oddError({ message: { value: '' }, name: { value: 7 } }), '7'],
    ['a message that nobody may see', oddError({ message: throwing }), 'something was thrown that is no error'],
    ['a text', 'it broke', 'it broke'],
    ['nothing', undefined, 'undefined'],
    ['a function', () => 1, '() => 1'],
  ])('is a text: %s', (_what, error, text) => {
    expect(errorText(error)).toBe(text);
  });

  it.each<[unknown, string]>([
    [new TypeError('x'), 'TypeError'],
    [oddError({ name: { value: 7 } }), 'Error'],
    [oddError({ name: throwing }), 'Error'],
    [oddError({ name: { value: 'N'.repeat(1000) } }), `${'N'.repeat(100)}…`],
    ['x', 'string'],
    [null, 'object'],
  ])('is its kind, a short text', (error, kind) => {
    expect(errorKind(error)).toBe(kind);
  });

  it.each([oddError({ stack: { value: 7 } }), oddError({ stack: throwing }), oddError({ cause: throwing })])(
    'and its stack, where that can be had',
    (error) => {
      expect(errorStack(error)).toMatch(/it broke|something was thrown/);
    },
  );
});
