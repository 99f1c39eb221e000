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

function catalog(names: readonly string[]): JobCatalog {
  return { ...fixedCatalog(...names.map((name) => ({ name }))).catalog, broken: () => [...twins, half] };
}

function refusal(name: string, names: readonly string[] = ['One', 'Other']): string {
  try {
    return throwUnknownJob(catalog(names), name);
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

it('says nothing of broken files to who asks for another job', () => {
  expect(refusal('Nope')).toBe('There is no job "Nope". There are "One", "Other".');
  expect(refusal('Nope', [])).toContain('There are no jobs');
});

it('knows of jobs that are there that they are', () => {
  expect(whyMissing(catalog(['One']), 'One')).toBeNull();
  expect(whyMissing(catalog(['One']), 'Two')).toBe('no job file of this service defines "Two"');
});
