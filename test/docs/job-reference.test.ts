import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { parseJobYaml } from '../../src/dialects/job-yaml.ts';
import { root } from './documents.ts';
import { patience, startReading } from './job-session.ts';

const text = readFileSync(path.join(root, 'docs/job-reference.md'), 'utf8');

it('has jobs that run: a partitioned one, and one in YAML', { timeout: 3 * patience.timeout }, async () => {
  const reader = await startReading((definitions) =>
    expect.poll(definitions, patience).toMatchObject({ jobs: { length: 9 }, broken: [] }),
  );
  expect(await reader.follow(text)).toEqual({ files: 2, commands: 4 });
});

it.each(['csv', 'sql', 'into', 'http', 'wait'])('names all settings of %s in YAML, and no others', (kind) => {
  const settings = kind === 'into' ? 'sql: { query: select 1, into: { nonsense: 1 } }' : `${kind}: { nonsense: 1 }`;
  const refuse = (): unknown => parseJobYaml(`name: Job\nsteps: [{ name: One, ${settings} }]`, 'job.yaml');
  const [, row = ''] = new RegExp(`^\\| \`${kind}\` \\| (.*) \\|$`, 'm').exec(text) ?? [];
  const known = [...row.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  expect(known.length).toBeGreaterThan(1);
  expect(refuse).toThrow(new RegExp(`there are ${known.join(', ')}[;.]`));
});
