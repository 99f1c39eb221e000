import { globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { breaches } from './architecture.ts';

const root = path.resolve(import.meta.dirname, '../..');

describe('who may import whom', () => {
  it('is kept by every source', () => {
    const files = globSync('src/**/*.ts', { cwd: root });
    expect(files).toContain(path.join('src', 'domain', 'errors.ts'));
    const sources = new Map(
      files.map((file) => [file.replaceAll(path.sep, '/'), readFileSync(path.join(root, file), 'utf8')]),
    );
    expect(breaches(sources)).toEqual([]);
  });

  it.each([
    ['src/domain/batch.ts', "import { readFile } from 'node:fs/promises';"],
    ['src/domain/batch.ts', "import { createHash } from 'crypto';"],
    ['src/domain/batch.ts', "import type { Store } from '../ports/store.ts';"],
    ['src/ports/store.ts', "import { Redis } from 'ioredis';"],
    ['src/ports/store.ts', "export type { Open } from '../service/batches.ts';"],
    ['src/service/batches.ts', "import {\n  RedisStore,\n} from '../adapters/redis/store.ts';"],
    ['src/service/batches.ts', "const { DatabaseSync } = await import('node:sqlite');"],
    ['src/dialects/workflow-yaml.ts', 'import "../service/batches.ts";'],
    ['src/authoring/step.ts', "import { runTask } from '../runner/steps/task.ts';"],
    ['src/authoring/step.ts', "import { readFile } from 'node:fs/promises';"],
    ['src/runner/job-files.ts', "import { parseJobYaml } from '../dialects/job-yaml.ts';"],
    ['src/runner/step-body.ts', "import type { Engine } from './engine.ts';"],
    ['src/adapters/redis/store.ts', "import { x } from '../memory/store.ts';"],
    ['src/adapters/redis/store.ts', "import { DatabaseSync } from 'node:sqlite';"],
    ['src/adapters/sqlite/store.ts', "import { Redis } from 'ioredis';"],
    ['src/http/server.ts', "import { RedisStore } from '../adapters/redis/store.ts';"],
    ['src/http/routes/batches.ts', "import { run } from '../../cli/index.ts';"],
    ['src/cli/serve.ts', "import { createApp } from '../app.ts';"],
    ['src/cli/status.ts', "import { routes } from '../http/server.ts';"],
    ['src/client/send.ts', "import { BatchyError } from '../domain/errors.ts';"],
    ['src/client/send.ts', "import { setTimeout } from 'node:timers/promises';"],
    ['src/main.ts', "import { openBatch } from './domain/open-batch.ts';"],
    ['src/app.ts', "import { run } from './cli/index.ts';"],
  ])('%s may not hold: %s', (file, text) => {
    expect(breaches(new Map([[file, text]]))).toEqual([expect.stringMatching(`^${file}: .* may not import `)]);
  });

  it.each([
    ['src/domain/batch.ts', "import { DateTime } from 'luxon';\nimport { x } from './errors.ts';"],
    ['src/adapters/redis/store.ts', "import { Redis } from 'ioredis';\nimport type { S } from '../../ports/store.ts';"],
    ['src/app.ts', "import { RedisStore } from './adapters/redis/store.ts';"],
    ['src/authoring/index.ts', "export { csvReader } from '../runner/items/csv-reader.ts';"],
    ['src/dialects/job-yaml.ts', "import { shellStep } from '../authoring/command-steps.ts';"],
    ['src/runner/items/csv-reader.ts', "import { sleep } from '../sleep.ts';"],
    ['src/service/batches.ts', "// import { Redis } from 'ioredis';\n/** from '../app.ts' */"],
  ])('%s may hold: %s', (file, text) => {
    expect(breaches(new Map([[file, text]]))).toEqual([]);
  });
});

describe('clock, random and names', () => {
  it.each([
    ['src/domain/time.ts', 'const now = Date.now();'],
    ['src/service/batches.ts', 'const now = new Date();'],
    ['src/http/server.ts', 'const id = Math.random();'],
    ['src/service/waits.ts', 'const now = DateTime.utc();'],
    ['src/domain/time.ts', "if (process.env['TZ']) throw error;"],
  ])('%s may not hold: %s', (file, text) => {
    expect(breaches(new Map([[file, text]]))).toEqual([expect.stringMatching(`^${file}: .* may not use `)]);
  });

  it('may be used at the edge, and a given instant everywhere', () => {
    const sources = [
      ['src/adapters/system/clock.ts', 'export const now = () => Date.now();'],
      ['src/domain/time.ts', 'const date = new Date(milliseconds);'],
    ] as const;
    expect(breaches(new Map(sources))).toEqual([]);
  });

  it.each(['src/domain/utils.ts', 'src/service/BatchService.ts', 'src/helpers/x.ts'])('%s is no name', (file) => {
    expect(breaches(new Map([[file, '']]))).not.toEqual([]);
  });
});

describe('the linter', () => {
  it.each([
    ['import(no-cycle)', { 'a.ts': "export { b } from './b.ts';\n", 'b.ts': "export { a } from './a.ts';\n" }],
    ['typescript(no-floating-promises)', { 'a.ts': 'Promise.resolve(1);\n' }],
    ['import(no-default-export)', { 'a.ts': 'export default 1;\n' }],
  ])('catches a planted %s', async (rule, files: Record<string, string>) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'batchy-lint-'));
    try {
      await mkdir(path.join(folder, 'src'));
      for (const file of ['.oxlintrc.json', 'tsconfig.json', 'node_modules']) {
        await symlink(path.join(root, file), path.join(folder, file));
      }
      for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, 'src', file), text);
      const args = ['--type-aware', '--deny-warnings', '--format=unix', 'src'];
      const found = await execa('oxlint', args, { cwd: folder, preferLocal: true, localDir: root, reject: false });
      expect(found.exitCode).toBe(1);
      expect(found.stdout).toContain(rule);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
