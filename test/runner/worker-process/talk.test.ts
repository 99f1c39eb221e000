import { Duplex } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Json } from '../../../src/domain/json.ts';
import type { LogLevel } from '../../../src/runner/step-log.ts';
import type { StoredContext } from '../../../src/runner/worker-process/context-requests.ts';
import { talkToWorker, type WorkerTalk } from '../../../src/runner/worker-process/talk.ts';

const start = { file: '/app/task.ts', worker: 'Task', arguments: ['a\nb'] };

/** The worker's end is this test: what it says is pushed, what it is told is gathered. */
class Line extends Duplex {
  told = '';
  override _read(): void {}
  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.told += bytes.toString();
    done();
  }
  answers(): unknown[] {
    return this.told
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line) as unknown);
  }
}

describe('the line to a worker', () => {
  let line: Line;
  let values: Map<string, Json>;
  let logged: [LogLevel, string][];
  let talk: WorkerTalk;
  let change: StoredContext['change'];
  beforeEach(() => {
    line = new Line();
    values = new Map<string, Json>([['a', 1]]);
    logged = [];
    change = async (make) => make(values);
    const write = (level: LogLevel, text: string): void => void logged.push([level, text]);
    talk = talkToWorker(line, start, {
      log: { write, note: write, close: () => {} },
      context: { values: () => values, change: (make) => change(make) },
    });
  });
  afterEach(() => void line.destroy());
  const answers = (count: number): Promise<unknown[]> =>
    expect
      .poll(() => line.answers(), { timeout: 5000 })
      .toHaveLength(count)
      .then(() => line.answers());

  it('begins with what is to be run', () => {
    expect(JSON.parse(line.told)).toEqual(start);
  });

  it('answers however the bytes arrive', async () => {
    const text = `${JSON.stringify({ do: 'set', key: 'ä', value: 'ö', id: 1 })}\n${JSON.stringify({ do: 'get', key: 'ä', id: 2 })}\n`;
    for (const byte of Buffer.from(text)) line.push(Buffer.of(byte));
    expect(await answers(2)).toEqual([
      { value: null, id: 1 },
      { value: 'ö', id: 2 },
    ]);
  });

  it('answers one after the other, though a worker asks before it has heard', async () => {
    const first = Promise.withResolvers<void>();
    change = async (make) => {
      await first.promise;
      make(values);
    };
    line.push('{"do":"set","key":"a","value":2,"id":1}\n{"do":"get","key":"a","id":2}\n');
    first.resolve();
    expect(await answers(2)).toEqual([
      { value: null, id: 1 },
      { value: 2, id: 2 },
    ]);
  });

  it('says why something could not be stored', async () => {
    change = () => Promise.reject(new Error('another has it now'));
    line.push('{"do":"delete","key":"a","id":1}\n');
    expect(await answers(1)).toEqual([{ error: 'another has it now', id: 1 }]);
  });

  it('stores no value that is too large, whoever sends it', async () => {
    line.push(`${JSON.stringify({ do: 'set', key: 'a', value: 'x'.repeat(4 * 1024 * 1024), id: 1 })}\n`);
    expect(await answers(1)).toEqual([{ error: expect.stringMatching(/"a" has 4194306 bytes .* 4194304/), id: 1 }]);
    expect(values.get('a')).toBe(1);
  });

  it('passes over what was broken off, and what is no message', async () => {
    line.push('{"do":"set","key":"a","val\n\n7\nnull\n{"do":"nonsense","id":1}\n{"do":"has","key":"a","id":2}\n');
    expect(await answers(2)).toEqual([
      { error: expect.stringContaining('nonsense'), id: 1 },
      { value: true, id: 2 },
    ]);
    expect(values.get('a')).toBe(1);
  });

  it('logs, and keeps what was said at the end', async () => {
    line.push('{"do":"log","level":"warn","text":"careful"}\n{"do":"log","level":"success","text":"all"}\n');
    expect(talk.end).toBe(null);
    const end = { do: 'end', retcode: 3, failure: null };
    line.push(`${JSON.stringify(end)}\n`);
    await expect.poll(() => talk.end).toEqual(end);
    expect(logged).toEqual([
      ['warn', 'careful'],
      ['info', 'SUCCESS: all'],
    ]);
  });

  it('is cut off by who says too much at a time', async () => {
    for (let i = 0; i <= 16; i += 1) line.push(Buffer.alloc(1024 * 1024, 0x20));
    await expect.poll(() => line.destroyed).toBe(true);
    expect(logged).toEqual([['error', expect.stringContaining('more than 16777216 bytes')]]);
  });
});
