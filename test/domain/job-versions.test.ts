import { expect, it } from 'vitest';

import { differingJobs } from '../../src/domain/job-versions.ts';

const read = (version: string, ...conductors: string[]) => conductors.map((conductor) => ({ conductor, version }));

it('says nothing where all have read the same, or there is only one', () => {
  expect(differingJobs([])).toBeNull();
  expect(differingJobs(read('aaaa', 'etl-1'))).toBeNull();
  expect(differingJobs(read('aaaa', 'etl-1', 'etl-2'))).toBeNull();
});

it('says who has read what, first what most have read, and what to do', () => {
  const differing = differingJobs([...read('bbbb', 'etl-9'), ...read('aaaa', 'etl-1', 'etl-2', 'etl-3', 'etl-4')]);
  expect(differing).toMatch(/: aaaa by etl-1, etl-2, etl-3 and 1 more; bbbb by etl-9\. .* Bring cfg\/jobs to the same/);
});
