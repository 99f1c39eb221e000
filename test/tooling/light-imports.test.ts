import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const statements = /^(?:import|export)\s(?!type\b)[^'"`;()]*?\bfrom\s*'([^']+)'|^import\s*'([^']+)'/gm;

/** The packages that are loaded with a file, by it or by what it loads, before anything is called. */
function packagesLoadedWith(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  for (const [, from, alone] of readFileSync(file, 'utf8').matchAll(statements)) {
    const target = from ?? alone ?? '';
    if (target.startsWith('node:')) continue;
    if (!target.startsWith('.')) packages.add(target);
    else if (target.endsWith('.ts'))
      for (const one of packagesLoadedWith(path.resolve(path.dirname(file), target), seen)) packages.add(one);
  }
  return packages;
}

// Each process of a worker waits for them, and each start of the service for its job files.
it('what a job file or a worker imports loads no library but the one for time', () => {
  expect([...packagesLoadedWith(path.join(root, 'src/authoring/index.ts'))]).toEqual(['luxon']);
});

it('a run of a task list loads neither a server nor a client of HTTP, nor what reads and writes items', () => {
  const loaded = [...packagesLoadedWith(path.join(root, 'src/task-run.ts'))];
  expect(loaded).toContain('luxon');
  for (const heavy of ['fastify', 'undici', 'kysely', 'csv-parse', '@streamparser/json'])
    expect(loaded).not.toContain(heavy);
});
