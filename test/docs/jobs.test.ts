import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

import { root } from './documents.ts';
import { startReading } from './job-session.ts';

const text = readFileSync(path.join(root, 'docs/jobs.md'), 'utf8');

it(
  'leads from the first launch to a restart: every command, in order, prints what the page says',
  { timeout: 180_000 },
  async () => {
    const reader = await startReading(async (definitions) =>
      expect.poll(definitions, { timeout: 20_000 }).toMatchObject({ jobs: { length: 7 }, broken: [] }),
    );
    const { files, commands } = await reader.follow(text);
    expect(files).toBe(4);
    expect(commands).toBeGreaterThan(15);
  },
);
