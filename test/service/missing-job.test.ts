import { expect, it } from 'vitest';

import { BatchyError } from '../../src/domain/errors.ts';
import type { BrokenJobFile, JobCatalog } from '../../src/service/job-catalog.ts';
import { throwUnknownJob, whyMissing } from '../../src/service/missing-job.ts';
import { fixedCatalog } from '../http/fixed-catalog.ts';

const twins: BrokenJobFile[] = ['a.ts', 'b.yaml'].map((file) => ({
  file,
  line: null,
  column: null,
  message: 'there are two jobs "Twin" (in a.ts and b.yaml); neither is loaded',
  jobs: ['Twin'],
}));
const half: BrokenJobFile = { file: 'half.ts', line: 7, column: 12, message: 'Unexpected token }', jobs: ['Half'] };

function catalog(names: readonly string[], broken: readonly BrokenJobFile[] = [...twins, half]): JobCatalog {
  return { ...fixedCatalog(...names.map((name) => ({ name }))).catalog, broken: () => broken };
}

function refusal(name: string, names: readonly string[] = ['One', 'Other'], broken?: readonly BrokenJobFile[]): string {
  try {
    return throwUnknownJob(catalog(names, broken), name);
  } catch (error) {
    expect(error).toMatchObject({ code: 'unknown-job-definition' });
    return error instanceof BatchyError ? error.detail : '';
  }
}

it('names the broken files whose job is asked for, with what is wrong with them, once', () => {
  expect(refusal('Twin')).toBe(
    'There is no job "Twin": jobs/a.ts and jobs/b.yaml, which should define "Twin", are broken: there are two jobs "Twin" (in a.ts and b.yaml); neither is loaded. Mend that, and launch again. There are "One", "Other".',
  );
  expect(refusal('Half')).toContain('jobs/half.ts:7, which should define "Half", is broken: Unexpected token }.');
});

it('says nothing of broken files that define others to who asks for a job', () => {
  expect(refusal('Nope')).toBe('There is no job "Nope". There are "One", "Other".');
  expect(refusal('Nope', [])).toContain('There are no jobs');
});

it('knows of jobs that are there that they are', () => {
  expect(whyMissing(catalog(['One']), 'One')).toBeNull();
  expect(whyMissing(catalog(['One']), 'Two')).toBe('no job file of this service defines "Two"');
});

it('names the broken files that do not tell what they define, since it may be the one that is asked for', () => {
  const unnamed = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ ...half, file: `${name}.ts`, jobs: [] }));
  expect(refusal('Nope', ['One'], [half, ...unnamed.slice(0, 1)])).toBe(
    'There is no job "Nope", but jobs/a.ts:7 cannot be read: Unexpected token }. There are "One".',
  );
  expect(refusal('Nope', ['One'], unnamed)).toContain('jobs/c.ts:7 cannot be read: Unexpected token }; 2 more cannot');
  expect(refusal('Half', ['One'], [half, ...unnamed])).not.toContain('jobs/a.ts');
  expect(whyMissing(catalog(['One'], unnamed.slice(0, 1)), 'Nope')).toBe(
    'no job file of this service defines "Nope", but jobs/a.ts:7 cannot be read: Unexpected token }',
  );
});
