import process from 'node:process';
import { systemTimers } from '../../src/adapters/system/timers.ts';
import { parseJobYaml } from '../../src/dialects/job-yaml.ts';
import { readJobDefinition } from '../../src/domain/job-text.ts';
import { formatInstant } from '../../src/domain/time.ts';
import { loadJobFiles } from '../../src/runner/job-files.ts';
import { readTaskListJob } from '../../src/task-app.ts';

/**
 * Loads the jobs of a folder as the process that runs jobs does, and prints what came of it: test runners load modules in
 * ways of their own.
 */
const [folder = '', deadlineSeconds = '10', ...withheld] = process.argv.slice(2);
const beginning: string[] = [];
const dialects = {
  yaml: parseJobYaml,
  taskList: (file: string) => readTaskListJob(file, { environment: process.env }),
};
const {
  jobs,
  broken,
  version: wholeVersion,
  definitions,
} = await loadJobFiles(folder, dialects, {
  deadlineSeconds: Number(deadlineSeconds),
  beginning: (file) => beginning.push(file),
  now: systemTimers.wall,
  withheld: new Map(withheld.map((file) => [file, 'ended its process when it was loaded'])),
});
const told = {
  jobs: [...jobs].map(([name, { file, bodies }]) => ({ name, file, steps: [...bodies.keys()] })),
  definitions: structuredClone(definitions).map(({ definition, file, version, readAt }) => ({
    name: readJobDefinition(definition).name,
    file,
    version,
    readAt: formatInstant(readAt),
  })),
  broken,
  version: wholeVersion,
  beginning,
};
// A module that waits for ever may leave the process nothing to do, or too much.
process.stdout.write(JSON.stringify(told), () => process.exit());
