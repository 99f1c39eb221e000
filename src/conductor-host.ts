import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';

import type { FastifyBaseLogger } from 'fastify';

import type { FromConductor, ToConductor } from './conductor-messages.ts';
import type { Settings } from './config/schema.ts';
import { projectFolder } from './config/load.ts';
import { readJobDefinition } from './domain/job-text.ts';
import { type JobFileWatch, watchJobFiles } from './runner/job-file-watch.ts';
import type { BrokenJobFile, CataloguedJob, JobCatalog } from './service/job-catalog.ts';

/** The process beside the service in which jobs run, so that no step delays a request, and what it says of the job files. */
export interface ConductorHost {
  readonly catalog: JobCatalog;
  /** Begins, and begins anew when job files change. */
  start(): void;
  /** Tells it that something was launched or is to stop. */
  look(): void;
  /** Resolves when all processes have ended. */
  stop(): Promise<void>;
}

/**
 * How the process that runs jobs is started. The space for what was just made is half of what Node would let it become in the course
 * of a long step, which was most of what its memory grew by, however flat the step.
 */
export const conductorFlags: readonly string[] = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=16'];

/** Milliseconds before a process that ended by itself is replaced; longer each time that it does not come up. */
const firstPause = 500;
const longestPause = 30_000;
/** Milliseconds that a job file may take to load. One that awaits too long is left by the process itself, much earlier. */
const longestReading = 30_000;

const known: ReadonlySet<string> = new Set(['log', 'reading', 'catalog'] satisfies FromConductor['kind'][]);

export function createConductorHost(settings: Settings, log: () => FastifyBaseLogger): ConductorHost {
  let jobs: ReadonlyMap<string, CataloguedJob> = new Map();
  let broken: readonly BrokenJobFile[] = [];
  const first = Promise.withResolvers<void>();
  const running = new Set<ChildProcess>();
  /** Of those that read the job files: which one, and what ends them should it go on for ever. */
  const reading = new Map<ChildProcess, { readonly file: string; readonly deadline: NodeJS.Timeout }>();
  /** Files that have ended or blocked the process that read them, and are left out until something changes. */
  const withheld = new Map<string, string>();
  /** Files at which a process was killed once: perhaps by somebody, and not for the file's sake. */
  const suspects = new Set<string>();
  let current: ChildProcess | null = null;
  let stopping = false;
  let pause = firstPause;
  let timer: NodeJS.Timeout | undefined;
  let watch: JobFileWatch | null = null;

  function tell(child: ChildProcess | null, message: ToConductor): void {
    if (child?.connected === true) child.send(message, () => undefined);
  }

  function begin(): void {
    const child = fork(path.join(projectFolder, 'src/main.ts'), ['conductor'], {
      execArgv: [...conductorFlags],
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    running.add(child);
    child.on('message', (message) => hear(child, message as FromConductor));
    child.on('error', (error) => log().error({ err: error }, 'the process that runs jobs could not be started'));
    child.on('exit', (code, signal) => ended(child, code, signal));
    // Without a process id it has not come up, which `error` tells.
    const id = `${hostname().replaceAll(/[^\w.-]/g, '-')}-${child.pid ?? 0}-${randomBytes(4).toString('hex')}`;
    tell(child, { kind: 'start', settings, withheld, conductor: id, host: process.pid });
  }

  function hear(child: ChildProcess, message: FromConductor): void {
    if (!known.has(message.kind)) {
      // Its files were replaced while this process ran.
      log().error('the process that runs jobs is of another version than this one: restart the service');
      return;
    }
    if (message.kind === 'log') {
      log()[message.level](message.message);
      return;
    }
    clearTimeout(reading.get(child)?.deadline);
    reading.delete(child);
    if (message.kind === 'reading') {
      const deadline = setTimeout(() => child.kill('SIGKILL'), longestReading);
      reading.set(child, { file: message.file, deadline });
      return;
    }
    pause = firstPause;
    const read = message.jobs.map(({ definition, file }) => ({ definition: readJobDefinition(definition), file }));
    jobs = new Map(read.map((job) => [job.definition.name, job]));
    broken = message.broken;
    for (const { file, line, message: why } of broken)
      log().warn(`jobs/${file}${line === null ? '' : `:${line}`}: ${why}`);
    if (current !== child) {
      tell(current, { kind: 'drain' });
      current = child;
    }
    first.resolve();
  }

  function ended(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    running.delete(child);
    const stuck = reading.get(child);
    clearTimeout(stuck?.deadline);
    reading.delete(child);
    if (stuck !== undefined && !stopping) {
      // Without it the others can be read; it is listed as broken.
      if (code !== null || suspects.has(stuck.file))
        withheld.set(stuck.file, `it ended or blocked the process that read it (${signal ?? `exit code ${code}`})`);
      suspects.add(stuck.file);
      if (current === child) current = null;
      begin();
      return;
    }
    if (stopping || (current !== null && current !== child)) return;
    current = null;
    log().error(`the process that runs jobs ended (${signal ?? `exit code ${code}`}); another one is started`);
    timer = setTimeout(begin, pause);
    pause = Math.min(pause * 2, longestPause);
  }

  return {
    catalog: { ready: () => first.promise, jobs: () => jobs, broken: () => broken },
    start() {
      begin();
      // A fresh process reads them; the old one ends what it runs.
      watch = watchJobFiles(path.join(settings.BATCHY_CFG, 'jobs'), () => {
        withheld.clear();
        suspects.clear();
        if (!stopping) begin();
      });
    },
    look: () => tell(current, { kind: 'look' }),
    async stop() {
      stopping = true;
      watch?.close();
      clearTimeout(timer);
      // Whoever waits for the job files need not wait any longer.
      first.resolve();
      const ends = [...running].map(
        (child) => new Promise<void>((resolve) => void child.once('exit', () => resolve())),
      );
      for (const child of running) tell(child, { kind: 'stop' });
      const patience = setTimeout(() => {
        for (const child of running) child.kill('SIGKILL');
      }, settings.SHUTDOWN_SECONDS * 750);
      await Promise.all(ends);
      clearTimeout(patience);
    },
  };
}
