import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createMemoryStores } from '../src/adapters/memory/stores.ts';
import { systemClock } from '../src/adapters/system/clock.ts';
import { createApp } from '../src/app.ts';
import { loadSettings } from '../src/config/load.ts';
import { drawExecutionStates, drawStepStates, drawTaskStates } from './draw-execution-states.ts';
import { drawStates } from './draw-states.ts';
import { jobReferenceRegions } from './list-job-options.ts';
import { listPlantedBugs } from './list-planted-bugs.ts';
import { listProblems } from './list-problems.ts';
import { listRoutes, type OpenApiDocument } from './list-routes.ts';
import { listSettings } from './list-settings.ts';
import { replaceRegion } from './marked-region.ts';

/**
 * Writes into the documents what the code knows better than a person does; a test fails where they differ. With `--check`
 * it changes nothing, names the documents that differ and exits 1.
 */
export interface DrawnRegion {
  /** From the project's root. */
  readonly file: string;
  readonly region: string;
  readonly draw: () => string | Promise<string>;
}

export const drawnRegions: readonly DrawnRegion[] = [
  { file: 'docs/states.md', region: 'states', draw: drawStates },
  { file: 'docs/states.md', region: 'execution-states', draw: drawExecutionStates },
  { file: 'docs/states.md', region: 'step-states', draw: drawStepStates },
  { file: 'docs/states.md', region: 'task-states', draw: drawTaskStates },
  { file: 'docs/problems.md', region: 'problems', draw: listProblems },
  { file: 'docs/configuration.md', region: 'settings', draw: listSettings },
  { file: 'docs/api.md', region: 'routes', draw: async () => listRoutes(await openApiDocument()) },
  { file: 'docs/chaos.md', region: 'planted-bugs', draw: listPlantedBugs },
  ...jobReferenceRegions,
];

/** The document as a server with default settings gives it; nothing listens. */
export async function openApiDocument(): Promise<OpenApiDocument> {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-docs-'));
  try {
    const { settings } = loadSettings({ folder, environment: {} });
    const app = await createApp(settings, { stores: await createMemoryStores({ clock: systemClock }) });
    const answer = await app.server.inject('/openapi.json');
    await app.stop();
    return answer.json<OpenApiDocument>();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const root = path.dirname(import.meta.dirname);

/** @returns the document as it is and as it should be */
export async function drawRegion({ file, region, draw }: DrawnRegion): Promise<{ found: string; expected: string }> {
  const found = readFileSync(path.join(root, file), 'utf8');
  return { found, expected: replaceRegion(found, region, await draw()) };
}

if (import.meta.main) {
  const checks = process.argv.includes('--check');
  for (const drawn of drawnRegions) {
    const { found, expected } = await drawRegion(drawn);
    if (found === expected) continue;
    console.log(`${drawn.file} ${checks ? 'differs from the code' : 'was drawn anew'}`);
    if (checks) process.exitCode = 1;
    else writeFileSync(path.join(root, drawn.file), expected);
  }
}
