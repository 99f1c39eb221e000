import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  Always,
  chunkStep,
  type ErrorClass,
  itemWriter,
  type ItemReader,
  LimitChecking,
  listReader,
  listWriter,
  Never,
} from '../../src/authoring/index.ts';
import type { ChunkBody } from '../../src/runner/step-body.ts';
import { anyChunk } from '../runner/items/any-chunk.ts';
import { contextOf } from './running-context.ts';

const chunk = { ...anyChunk, chunkId: 'c1' };

function bodyOf(options: object): ChunkBody {
  const declared = chunkStep('Step', options as never);
  expect(declared.problems).toEqual([]);
  return declared.body as ChunkBody;
}

async function itemsOf(reader: unknown): Promise<unknown[]> {
  const made: ItemReader<unknown> = await bodyOf({ reader, writer: () => {} }).reader(contextOf({ n: 3 }));
  await made.open(null);
  const items: unknown[] = [];
  for (let item = await made.read(); item !== null; item = await made.read()) items.push(item);
  await made.close();
  return items;
}

describe('a reader', () => {
  it.each<[string, unknown]>([
    ['a list', [1, 2, 3]],
    ['a set', new Set([1, 2, 3])],
    ['a built-in reader', listReader([1, 2, 3])],
    ['a function that gives a list', () => [1, 2, 3]],
    ['a function that promises one', async () => [1, 2, 3]],
    [
      'a generator function',
      function* () {
        yield* [1, 2, 3];
      },
    ],
    [
      'an async generator function that looks at the parameters',
      async function* ({ parameters }: { parameters: { n: number } }) {
        for (let item = 1; item <= parameters.n; item += 1) yield item;
      },
    ],
    ['a function that gives a reader', () => listReader([1, 2, 3])(contextOf())],
    ['a function that gives a stream', () => Readable.from([1, 2, 3])],
  ])('may be %s', async (_what, reader) => {
    expect(await itemsOf(reader)).toEqual([1, 2, 3]);
  });

  it('begins afresh in each run', async () => {
    const { reader } = bodyOf({ reader: () => [1].values(), writer: () => {} });
    for (let run = 1; run <= 2; run += 1) {
      const made = await reader(contextOf());
      await made.open(null);
      expect(await made.read()).toBe(1);
    }
  });

  it('must give something to read', async () => {
    const { reader } = bodyOf({ reader: () => 5, writer: () => {} });
    await expect(Promise.resolve(reader(contextOf()))).rejects.toThrow('The reader of step "Step" must give a reader');
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'is missing'],
    ['a number', 7, 'must be a reader'],
    ['a text', 'a,b', 'must be a reader'],
    ['a generator that runs already', [1].values(), 'only once'],
    ['a stream', Readable.from([1]), 'only once'],
    ['a reader for one run', listReader([1])(contextOf()), 'fresh reader'],
  ])('may not be %s', (_what, reader, detail) => {
    const { problems } = chunkStep('Step', { reader: reader as never, writer: () => {} });
    expect(problems).toEqual([{ pointer: '/reader', detail: expect.stringContaining(detail) }]);
  });
});

describe('a writer', () => {
  it('may be a function of items, a built-in writer or one that makes one', async () => {
    const written: unknown[] = [];
    const list: number[] = [];
    const own = itemWriter(listWriter(list));
    for (const writer of [(items: unknown[]) => void written.push(...items), listWriter(list), own]) {
      const made = await bodyOf({ reader: [1], writer }).writer(contextOf());
      await made.open(made.checkpoint());
      await made.write([1, 2], chunk);
    }
    expect([written, list]).toEqual([
      [1, 2],
      [1, 2, 1, 2],
    ]);
  });

  it('that is a function is waited for, and gets the chunk and the context', async () => {
    const made = await bodyOf({
      reader: [1],
      writer: async (_items: unknown, { chunkId }: typeof chunk, ctx: { attempt: number }) => {
        throw new Error(`${chunkId} ${ctx.attempt}`);
      },
    }).writer(contextOf());
    await expect(made.write([1], chunk)).rejects.toThrow('c1 1');
  });

  it.each<[unknown, string]>([
    [undefined, 'is missing'],
    [7, 'must be a writer'],
    [listWriter([])(contextOf()), 'itemWriter'],
  ])('may not be %s', (writer, detail) => {
    const { problems } = chunkStep('Step', { reader: [1], writer: writer as never });
    expect(problems).toEqual([{ pointer: '/writer', detail: expect.stringContaining(detail) }]);
  });
});

describe('what may be left out or tried again', () => {
  class Late extends Error {}
  class VeryLate extends Late {}
  const named = Object.assign(new Error('x'), { name: 'ItemError' });

  function skipOf(skip: unknown): ChunkBody['skip'] {
    return bodyOf({ reader: [1], writer: () => {}, skip }).skip;
  }

  it('is nothing if nothing is said', () => {
    const { skip, retry } = bodyOf({ reader: [1], writer: () => {} });
    expect([skip.limit, skip.isSkippable(new Error('x'))]).toEqual([0, false]);
    expect([retry.limit, retry.isRetryable(new Error('x')), retry.delaySeconds]).toEqual([1, false, 0]);
    expect(skipOf(Never)).toBe(Never);
  });

  it('is anything under Always', () => {
    expect([skipOf(Always).limit, skipOf(Always).isSkippable(new Error('x'))]).toEqual([Infinity, true]);
  });

  it.each<[string, { errors?: ErrorClass[]; except?: ErrorClass[] }, unknown, boolean]>([
    ['any error', {}, new Late(), true],
    ['a class', { errors: [Late] }, new Late(), true],
    ['its subclass', { errors: [Late] }, new VeryLate(), true],
    ['another class', { errors: [Late] }, new Error('x'), false],
    ['an exception from it', { errors: [Late], except: [VeryLate] }, new VeryLate(), false],
    ['a name', { errors: ['ItemError'] }, named, true],
    ['another name', { errors: ['ItemError'] }, new Late(), false],
    ['no error at all', { errors: ['ItemError', Late] }, null, false],
  ])('is chosen by class: %s', (_what, choice, error, expected) => {
    expect(skipOf({ limit: 3, ...choice }).isSkippable(error)).toBe(expected);
    expect(LimitChecking(3, choice)).toMatchObject({ limit: 3 });
    expect(LimitChecking(3, choice).isSkippable(error)).toBe(expected);
    const { retry } = bodyOf({ reader: [1], writer: () => {}, retry: { limit: 3, delay: 0.1, ...choice } });
    expect(retry).toMatchObject({ limit: 3, delaySeconds: 0.1 });
    expect(retry.isRetryable(error)).toBe(expected);
  });

  it.each<[object, string]>([
    [{ skip: { limit: -1 } }, '/skip/limit'],
    [{ skip: { errors: [Late] } }, '/skip/limit'],
    [{ skip: { limit: 1, errors: Late } }, '/skip/errors'],
    [{ skip: 7 }, '/skip'],
    [{ retry: { limit: 2, backoff: 'x' } }, '/retry/backoff'],
    [{ retry: {} }, '/retry/limit'],
  ])('is refused where it is wrong: %j', (options, pointer) => {
    const { problems } = chunkStep('Step', { reader: [1], writer: () => {}, ...options });
    expect(problems.map((problem) => problem.pointer)).toEqual([pointer]);
  });
});
