import { expect, it } from 'vitest';

import { fakeServer } from './fake-server.ts';
import { runHere } from './in-process.ts';

it('lists conductors, and those that are long gone where they are asked for', async () => {
  const listed = { state: 'online', host: 'etl-1', role: 'worker', concurrency: 4, execution_ids: [12], part_count: 1 };
  const server = await fakeServer(() => ({ body: [{ id: 'etl-1-7-ab', ...listed }] }));
  const environment = { BATCHY_URL: server.url };
  const { out } = await runHere(['conductors'], { environment });
  expect(out).toMatch(/^etl-1-7-ab +online +etl-1 +worker +2 of 4 +12/m);
  await runHere(['conductors', '--all'], { environment });
  expect(server.requests.map(({ url }) => url)).toEqual(['/conductors', '/conductors?all=true']);
});
