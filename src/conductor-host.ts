import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';

import type { BaseLogger } from 'pino';

import { systemTimers } from './adapters/system/timers.ts';
import { createToldCatalog } from './conductor-catalog.ts';
import { type Child, forkConductor, questionsLine } from './conductor-child.ts';
import { createHolderQuestion } from './conductor-holder-question.ts';
import { type FromConductor, fromConductorKinds, type ToConductor } from './conductor-messages.ts';
import { createReading } from './conductor-reading.ts';
import { type ProcessEnding, type Silence, watchSilence } from './conductor-silence.ts';
import { createTroubles } from './conductor-troubles.ts';
import type { Settings } from './config/schema.ts';
import { version } from './config/version.ts';
import type { ConductorRole } from './domain/heartbeat.ts';
import { createJobCounts, type JobCounts } from './domain/job-counts.ts';
import { createJobFileReport } from './job-file-report.ts';
import { type JobFileWatch, watchJobFiles } from './runner/job-file-watch.ts';
import type { ConductorRecords } from './service/conductor-records.ts';
import type { JobCatalog } from './service/job-catalog.ts';

/** The process beside the service in which jobs run, so that no step delays a request, and what it says of the job files. */
export interface ConductorHost {
  readonly catalog: JobCatalog;
  /** Begins, and begins anew when job files change. */
  start(records: ConductorRecords): void;
  /** Tells it that something was launched or is to stop. */
  look(): void;
  /** What an operator should know of it now. */
  warnings(): readonly string[];
  /** Of what it has run, a second ago or so. */
  readonly counts: JobCounts;
  /** Whether it is there and answers; `null` where nothing is to be run here. */
  isUp(): boolean | null;
  /** Resolves when all processes have ended. */
  stop(): Promise<void>;
}

/** So many at a time, those that only end what they run among them: job code that holds up one after the other must not fill the machine. */
const mostProcesses = 4;

/** @param startProcess in place of the real one */
export function createConductorHost(
  settings: Settings,
  role: ConductorRole,
  log: () => Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'>,
  startProcess: () => ChildProcess = forkConductor,
): ConductorHost {
  const catalog = createToldCatalog(systemTimers);
  const report = createJobFileReport(settings, role, log);
  const counts = createJobCounts();
  const running = new Set<Child>();
  /** Files that have ended or blocked the process that read them, and are left out until something changes. */
  const withheld = new Map<string, string>();
  /** Files at which a process was killed once: perhaps by somebody, and not for the file's sake. */
  const suspects = new Set<string>();
  let records: ConductorRecords | null = null;
  let current: Child | null = null;
  let stopping = false;
  const troubles = createTroubles(systemTimers);
  let timer: NodeJS.Timeout | undefined;
  let watches: readonly JobFileWatch[] = [];

  function tell(child: Child | null, message: ToConductor): void {
    if (child?.process.connected === true) child.process.send(message, () => undefined);
  }

  function begin(): void {
    const forked = startProcess();
    const questions = questionsLine(forked);
    const child: Child = {
      process: forked,
      // Without a process id it has not come up, which `error` tells.
      id: `${hostname().replaceAll(/[^\w.-]/g, '-')}-${forked.pid ?? 0}-${randomBytes(4).toString('hex')}`,
      reading: createReading({
        timers: systemTimers,
        onSlow: (file, seconds) =>
          log().warn(
            `jobs/${file} has been read for ${seconds} s and goes on: what else has changed in the job files is known after it`,
          ),
        onStuck: () => forked.kill('SIGKILL'),
      }),
      question: createHolderQuestion(questions?.line, systemTimers),
      silence: null,
      runs: '',
      ending: null,
      isUnsound: false,
      isOfOtherVersion: false,
    };
    running.add(child);
    forked.on('message', (message) => hear(child, message as FromConductor));
    forked.on('error', (error) => log().error({ err: error }, 'the process that runs jobs could not be started'));
    // When all that it has said is heard, too.
    forked.on('close', (code, signal) => ended(child, code, signal));
    tell(child, {
      kind: 'start',
      settings,
      withheld,
      conductor: child.id,
      role,
      host: process.pid,
      questions: questions?.descriptor ?? null,
      version,
    });
  }

  /** When the program's files were replaced while this process runs, a fresh child may say anything. It must not end the service. */
  function hear(child: Child, message: FromConductor): void {
    try {
      if (fromConductorKinds.has(message.kind)) {
        understand(child, message);
        return;
      }
      if (child.isOfOtherVersion) return;
      log().error('the process that runs jobs is of another version than this one: restart the service');
    } catch (error) {
      if (child.isOfOtherVersion) return;
      log().error(
        { err: error },
        'what the process that runs jobs says is not understood; if the program was changed since, restart the service',
      );
    }
    child.isOfOtherVersion = true;
  }

  function understand(child: Child, message: FromConductor): void {
    if (message.kind === 'log') log()[message.level](message.message);
    else if (message.kind === 'reading') child.reading.begin(message.file);
    else if (message.kind === 'alive') child.silence?.answered();
    else if (message.kind === 'counts') counts.add(message.tallies);
    else if (message.kind === 'unsound') mistrust(child, message.why);
    else if (message.kind === 'exiting') {
      const because = `was ended by ${message.whose} with exit code ${message.code}`;
      child.ending = { because, by: message.executionId };
    } else {
      child.reading.end();
      catalog.tell(message);
      report.tell(message);
      if (current !== child) {
        tell(current, { kind: 'drain' });
        current = child;
      }
      child.silence ??= watchOver(child);
    }
  }

  function watchOver(child: Child): Silence {
    let known: Promise<void> = Promise.resolve();
    const silence = watchSilence({
      timers: systemTimers,
      settings,
      pid: child.process.pid,
      question: child.question,
      ping: () => tell(child, { kind: 'ping' }),
      onLong: () => {
        // What is launched need not wait until it answers.
        replace(child);
        known = whatRuns(child);
      },
      onAsked: () => void known.then(() => log().warn(silence.warning(child.runs))),
      onAnswer: (message) => log().warn(message),
      onLost: (ending) => {
        child.ending = ending;
        child.process.kill('SIGKILL');
      },
    });
    return silence;
  }

  /** A fresh process takes what is new, and this one ends what it runs. */
  function replace(child: Child): void {
    if (isToBeReplaced(child)) begin();
  }

  function isToBeReplaced(child: Child): boolean {
    const isOnItsWay = [...running].some((other) => other !== child && other.silence === null);
    return !stopping && child === current && !isOnItsWay && running.size < mostProcesses;
  }

  /** The first few times at once; code that throws in each new process must not start one after the other. */
  function mistrust(child: Child, why: string): void {
    if (!isToBeReplaced(child) || child.isUnsound) return;
    const pause = troubles.add(why, false);
    if (!troubles.isRow) {
      begin();
      return;
    }
    child.isUnsound = true;
    later(pause, () => {
      child.isUnsound = false;
      replace(child);
    });
  }

  function later(milliseconds: number, call: () => void): void {
    clearTimeout(timer);
    timer = setTimeout(call, milliseconds);
  }

  async function whatRuns(child: Child): Promise<void> {
    try {
      const executions = (await records?.runs(child.id)) ?? [];
      child.runs = executions.map(({ id, jobName }) => `execution ${id} (${jobName})`).join(', ');
    } catch (error) {
      log().warn({ err: error }, 'what the process that runs jobs runs could not be looked up');
    }
  }

  function ended(child: Child, code: number | null, signal: NodeJS.Signals | null): void {
    running.delete(child);
    child.silence?.stop();
    const { file } = child.reading;
    child.reading.end();
    if (stopping) return;
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    const ending = child.ending ?? child.silence?.blamed(how) ?? { because: how, by: null };
    const why = ending.because;
    void putDown(child, ending);
    // One that was withheld is not to blame again.
    if (file !== null && !withheld.has(file)) {
      // Without it the others can be read; it is listed as broken.
      if (code !== null || suspects.has(file))
        withheld.set(file, `it ended or blocked the process that read it (${signal ?? `exit code ${code}`})`);
      suspects.add(file);
      log().warn(`the process that runs jobs ${why} while it read jobs/${file}; another one is started`);
      if (current === child) current = null;
      begin();
      return;
    }
    // What is being replaced ends in good order; one that died over the files that were to be read anew is not done with them.
    if (current !== null && current !== child && file === null) return;
    if (current === child) current = null;
    log().error(`the process that runs jobs ${why}; another one is started`);
    later(troubles.add(why, child.silence !== null), begin);
  }

  /** So that whoever goes on with what it ran can say why. */
  async function putDown(child: Child, { because: why, by }: ProcessEnding): Promise<void> {
    await whatRuns(child);
    if (child.runs !== '')
      log().error(
        `the process that runs jobs (pid ${child.process.pid}) ${why}. It ran ${child.runs}: to go on when the lease is over`,
      );
    try {
      await records?.ended(child.id, why, by);
    } catch (error) {
      log().warn({ err: error }, 'why the process that runs jobs has ended could not be put down');
    }
  }

  return {
    catalog,
    start(given) {
      records = given;
      begin();
      // A fresh process reads them; the old one ends what it runs.
      const readAnew = (): void => {
        withheld.clear();
        suspects.clear();
        if (!stopping) begin();
      };
      watches = ['jobs', 'capabilities'].map((name) => watchJobFiles(path.join(settings.BATCHY_CFG, name), readAnew));
    },
    look: () => tell(current, { kind: 'look' }),
    warnings() {
      const failing = troubles.warning(current !== null);
      const warnings = [...running].flatMap((child) => {
        const { file, isSlow } = child.reading;
        if (isSlow)
          return [`jobs/${file} takes long to be read: what else has changed in the job files is known after it`];
        return child.silence?.isLong() === true ? [child.silence.warning(child.runs)] : [];
      });
      return failing === null ? warnings : [...warnings, failing];
    },
    counts,
    isUp: () => (settings.WORKER ? current !== null && current.silence?.isLong() !== true : null),
    async stop() {
      stopping = true;
      for (const watch of watches) watch.close();
      clearTimeout(timer);
      catalog.close();
      const ends = [...running].map(
        (child) => new Promise<void>((resolve) => void child.process.once('close', () => resolve())),
      );
      for (const child of running) {
        child.silence?.stop();
        tell(child, { kind: 'stop' });
      }
      const patience = setTimeout(() => {
        for (const child of running) child.process.kill('SIGKILL');
      }, settings.SHUTDOWN_SECONDS * 750);
      await Promise.all(ends);
      clearTimeout(patience);
    },
  };
}
