import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';

import { createServices } from '../../src/app.ts';
import { loadSettings } from '../../src/config/load.ts';
import { encodeJobs } from '../../src/domain/workflow.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { StoredAnswer } from '../../src/service/commands.ts';
import type { Services } from '../../src/service/services.ts';
import { projectFolder } from './processes.ts';

/** The use cases in this process, without HTTP, so that what a store costs is not hidden behind what a request costs. */
export interface DrivenService {
  readonly services: Services;
  readonly load: (workflow: string) => Promise<unknown>;
  readonly open: (workflow: string) => Promise<unknown>;
  readonly close: (workflow: string) => Promise<unknown>;
}

/** @param cfg the folder of the workflows' configurations */
export function driveService(stores: Stores, cfg: string): DrivenService {
  const { settings } = loadSettings({ folder: cfg, environment: { BATCHY_CFG: cfg } });
  const services = createServices(stores, settings);
  const caller = { name: 'bench', idempotency: null };
  const toEvery = { jobs: null, force: false, reason: null } as const;
  return {
    services,
    load: (workflow) =>
      services.workflows.load(workflow, { mode: 'replace', force: false, reason: null }, caller, ({ jobs }) =>
        jsonAnswer(encodeJobs(jobs)),
      ),
    open: (workflow) =>
      services.batches.open(workflow, { ...toEvery, ifOpen: 'reopen' }, caller, ({ opened }) =>
        jsonAnswer(encodeJobs(opened)),
      ),
    close: (workflow) =>
      services.batches.end(
        workflow,
        { ...toEvery, outcome: 'success', batchId: null, parameters: new Map() },
        caller,
        (jobs) => jsonAnswer(encodeJobs(jobs)),
      ),
  };
}

function jsonAnswer(body: string): StoredAnswer {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' }, body };
}

/** A folder of configurations: each of the workflows has the three jobs of the sample `wf1`. */
export async function copySamples(folder: string, workflows: readonly string[]): Promise<string> {
  const cfg = path.join(folder, 'cfg');
  await mkdir(cfg);
  for (const name of workflows)
    await copyFile(path.join(projectFolder, 'cfg/wf1.yaml'), path.join(cfg, `${name}.yaml`));
  return cfg;
}
