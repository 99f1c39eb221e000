import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { namesIn } from '../../src/runner/job-file-problem.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'batchy-names-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function namesOf(file: string, text: string): Promise<string[]> {
  await writeFile(path.join(folder, file), text);
  return namesIn(folder, file);
}

it('finds what a broken file was to define, whatever else in it has a name', async () => {
  const tasks = "const first = { name: 'first' };\nconst second = task({ name: 'second' });\n";
  expect(
    await namesOf('flow.ts', `${tasks}export default defineFlow('chg', ({ name: x }) => linearFlow('a',);`),
  ).toEqual(['chg']);
  expect(await namesOf('typed.ts', `${tasks}defineFlow<Store>(\n  "chg",\n  () => {`)).toEqual(['chg']);
  expect(await namesOf('both.ts', `${tasks}defineFlow('a', x);\ndefineJob({ ...b, "name": \`it's\`, steps: [`)).toEqual(
    ['a', "it's"],
  );
  expect(await namesOf('job.yaml', 'name: Daily # load\nsteps: [{name: One')).toEqual(['Daily']);
  expect(await namesOf('jobs.lst', '1|x')).toEqual(['jobs']);
});

it('finds none where it is not written down as it is', async () => {
  const named = "const name = 'chg';\nexport default ";
  expect(await namesOf('flow.ts', `${named}defineFlow(name, () => {`)).toEqual([]);
  expect(await namesOf('made.ts', "export default made({ name: 'chg' },);")).toEqual([]);
  expect(await namesOf('parts.ts', 'defineFlow(`${prefix}chg`, () => {')).toEqual([]);
});
