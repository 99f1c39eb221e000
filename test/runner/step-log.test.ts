import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { parseInstant } from '../../src/domain/time.ts';
import { createLogs, logPath, type Logs } from '../../src/runner/step-log.ts';

const now = () => parseInstant('2026-11-21T12:00:00.5') ?? 0n;

describe('logs', () => {
  let folder: string;
  let logs: Logs;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-logs-'));
    logs = createLogs({ folder, now, maxBytes: 2000 });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('has a line for each line, with time and level, in the step’s log and in the execution’s', async () => {
    const log = logs.open(7, 'Load');
    log.write('info', 'one\ntwo');
    log.close();
    const stamp = '2026-11-21T12:00:00.500000Z INFO ';
    const { text, ended } = await logs.read(7, 'Load', 0, 1000);
    expect([text, ended]).toEqual([`${stamp} one\n${stamp} two\n`, true]);
    expect((await logs.read(7, null, 0, 1000)).text).toBe(`${stamp} [Load] one\n${stamp} [Load] two\n`);
  });

  it('takes no line after its end, as from what a step has left behind, and opens no file for one', async () => {
    const log = logs.open(7, 'Load');
    const beside = logs.open(7, null);
    log.close();
    log.write('info', 'too late');
    log.note('info', 'too late');
    logs.flush();
    beside.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('has what goes without saying in the step’s log only beside what the step has said, in order', async () => {
    const silent = logs.open(7, 'Silent');
    silent.note('info', 'begins');
    silent.note('info', 'completed');
    silent.close();
    expect((await logs.read(7, 'Silent', 0, 1000)).text).toBe('');
    expect(existsSync(path.join(folder, '7'))).toBe(false);
    const log = logs.open(7, 'Load');
    log.note('info', 'begins');
    log.write('warn', 'hm');
    log.note('info', 'completed');
    log.close();
    const lines = (text: string): string[] =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => line.slice(28).trim());
    expect(lines((await logs.read(7, 'Load', 0, 1000)).text)).toEqual(['INFO  begins', 'WARN  hm', 'INFO  completed']);
    expect(lines((await logs.read(7, null, 0, 1000)).text)).toEqual([
      'INFO  [Silent] begins',
      'INFO  [Silent] completed',
      'INFO  [Load] begins',
      'WARN  [Load] hm',
      'INFO  [Load] completed',
    ]);
  });

  it('is read in pieces of whole lines, and goes on where the piece before ended', async () => {
    const log = logs.open(1, null);
    for (const line of ['grüße', 'zwei', 'drei']) log.write('out', line);
    log.close();
    const first = await logs.read(1, null, 0, 50);
    expect([first.text.split('\n').length, first.ended]).toEqual([2, false]);
    const second = await logs.read(1, null, first.nextOffset, 1000);
    expect(first.text + second.text).toMatch(/grüße\n.*zwei\n.*drei\n$/);
    expect(await logs.read(1, null, second.nextOffset, 1000)).toEqual({
      text: '',
      nextOffset: second.nextOffset,
      ended: true,
    });
    expect(await logs.read(99, 'Nobody', 0, 10)).toEqual({ text: '', nextOffset: 0, ended: true });
  });

  it('grows no further than it may, and says so', async () => {
    for (let round = 0; round < 3; round += 1) {
      const log = logs.open(1, 'Flood');
      log.write('out', 'x'.repeat(5000));
      for (let line = 0; line < 200; line += 1) log.write('out', `line ${line}`);
      log.close();
    }
    const { text } = await logs.read(1, 'Flood', 0, 1_000_000);
    expect(text.length).toBeLessThan(2500);
    expect(text).toContain('the log has reached 2000 bytes; what follows is left out\n');
  });

  it('goes on in a file of somebody’s own, however long it has become', () => {
    const own = path.join(folder, 'own.log');
    for (const run of [1, 2]) {
      const logs = createLogs({ folder, now, maxBytes: 1000 });
      const log = logs.open(run, 'Load', own);
      for (let line = 0; line < 50; line += 1) log.write('info', `run ${run}, ${'x'.repeat(50)}`);
      log.close();
      logs.flush();
    }
    const lines = readFileSync(own, 'utf8').trimEnd().split('\n');
    for (const run of [1, 2]) expect(lines.filter((line) => line.includes(`run ${run}`)).length).toBeGreaterThan(5);
    expect(lines.filter((line) => line.includes('left out'))).toHaveLength(2);
    expect(lines.length).toBeLessThan(30);
  });

  it('does not fail where nothing can be written', () => {
    const file = path.join(folder, 'no-folder');
    writeFileSync(file, '');
    const log = createLogs({ folder: file, now }).open(1, 'Load');
    log.write('info', 'lost');
    expect(() => log.close()).not.toThrow();
  });

  it('never leaves its folder, nor shares a file between two steps', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { minLength: 2, maxLength: 5 }), (names) => {
        const paths = new Set(names.map((name) => logPath(1, name)));
        expect(paths.size).toBe(new Set(names).size);
        for (const each of paths) expect(each).toMatch(/^1\/[A-Za-z0-9%_-]{0,230}\.log$/);
      }),
    );
    expect(logPath(1, '../../etc/passwd')).toBe('1/%2E%2E%2F%2E%2E%2Fetc%2Fpasswd.log');
    expect(readdirSync(folder)).toEqual([]);
  });
});
