import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import { scenarios } from '../scenarios/index.ts';
import { plantedBugs } from './bugs/index.ts';
import { plantInto } from './planted-bug.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** `npm run plant` plants them and runs the checks; here is only looked whether that is still to the point. */
describe('the bugs to be planted', () => {
  it('are enough, and each is another one', () => {
    expect(plantedBugs.length).toBeGreaterThanOrEqual(30);
    expect(new Set(plantedBugs.map(({ id }) => id)).size).toBe(plantedBugs.length);
    expect(plantedBugs.filter(({ id }) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id))).toEqual([]);
  });

  it.each(plantedBugs)('fit the code: $id', (bug) => {
    const text = read(bug.file);
    expect(plantInto(text, bug)).not.toBe(text);
  });

  it('have checks that are there', () => {
    const missing = plantedBugs.filter(({ caughtBy }) => !existsSync(path.join(root, caughtBy.file)));
    expect(missing.map(({ id }) => id)).toEqual([]);
    const names = scenarios.map(({ name }) => name);
    expect(plantedBugs.filter(({ scenario }) => scenario !== undefined && !names.includes(scenario))).toEqual([]);
  });

  it('are refused where the code has changed under them', () => {
    const bug = { id: 'x', bug: '', breaks: '', file: 'f.ts', replace: 'b', caughtBy: { file: 't' } };
    expect(plantInto('1 a 2', { ...bug, find: ' a ' })).toBe('1b2');
    expect(() => plantInto('1 a 2', { ...bug, find: 'c' })).toThrow('x: the text to be replaced is in f.ts 0 times');
    expect(() => plantInto('aa', { ...bug, find: 'a' })).toThrow('2 times');
  });
});
