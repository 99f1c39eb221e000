import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { type ConductorHost, createConductorHost } from '../src/conductor-host.ts';
import type { FromConductor, Start, ToConductor } from '../src/conductor-messages.ts';
import { loadSettings, projectFolder } from '../src/config/load.ts';
import type { Settings } from '../src/config/schema.ts';
import { version } from '../src/config/version.ts';

/** A process that does nothing but what the test lets it do. */
class FakeProcess extends EventEmitter {
  readonly pid: number;
  readonly connected = true;
  readonly heard: ToConductor[] = [];
  constructor(pid: number) {
    super();
    this.pid = pid;
  }
  send(message: ToConductor): boolean {
    this.heard.push(message);
    // In good order, as soon as it is told to.
    if (message.kind === 'stop') this.emit('close', 0, null);
    return true;
  }
  says(message: FromConductor): void {
    this.emit('message', message);
  }
  kinds(): string[] {
    return this.heard.map(({ kind }) => kind).filter((kind) => kind !== 'ping');
  }
}

const emptyCatalog: FromConductor = { kind: 'catalog', jobs: [], broken: [] };

let folder = '';
let settings: Settings;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'batchy-host-'));
  mkdirSync(path.join(folder, 'cfg/jobs'), { recursive: true });
  ({ settings } = loadSettings({ folder, environment: { BATCHY_DATA: 'data', BATCHY_CFG: 'cfg' } }));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the service’s side of the process that runs jobs', () => {
  let processes: FakeProcess[];
  let lines: { level: number; msg: string }[];
  let putDown: string[];
  let host: ConductorHost;
  beforeEach(() => {
    processes = [];
    lines = [];
    putDown = [];
    const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
    host = createConductorHost(
      settings,
      'serve',
      () => logger,
      () => {
        processes.push(new FakeProcess(1000 + processes.length));
        return processes.at(-1) as unknown as ChildProcess;
      },
    );
    host.start({
      ended: async (conductor, why, by) =>
        void putDown.push(`${conductor.replace(/^.*-(\d+)-.*$/, '$1')} ${why} (${by})`),
      runs: async (conductor) => (conductor.includes('-1000-') ? [{ id: 4, jobName: 'Load' }] : []),
    });
  });
  afterEach(() => host.stop());

  const messages = (): string[] => lines.map(({ msg }) => msg);
  const processAt = (index: number): FakeProcess => processes[index] as FakeProcess;

  it('says of a worker that it has nothing to run', async () => {
    processAt(0).says(emptyCatalog);
    expect(messages()).toEqual([]);
    const process = new FakeProcess(2000);
    const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const worker = createConductorHost(
      settings,
      'worker',
      () => logger,
      () => process as unknown as ChildProcess,
    );
    worker.start({ ended: async () => {}, runs: async () => [] });
    process.says(emptyCatalog);
    expect(messages()).toEqual([expect.stringMatching(/^this worker runs nothing: there is no job file in .*jobs/)]);
    await worker.stop();
  });

  it('outlives a process of another version that says what it does not know, and says once what to do', () => {
    processAt(0).says(emptyCatalog);
    processAt(0).says({ kind: 'of a later version' } as unknown as FromConductor);
    processAt(0).says({ kind: 'of a later version' } as unknown as FromConductor);
    expect(messages()).toEqual(['the process that runs jobs is of another version than this one: restart the service']);
  });

  it('outlives a message that it knows by its name only', () => {
    processAt(0).says({ kind: 'catalog', files: [] } as unknown as FromConductor);
    processAt(0).says({ kind: 'log', severity: 3 } as unknown as FromConductor);
    expect(messages()).toEqual([expect.stringContaining('restart the service')]);
    processAt(0).says(emptyCatalog);
    expect([...host.catalog.jobs()]).toEqual([]);
  });

  it('lets a fresh process take what is new when one is unsound, but never fills the machine', () => {
    processAt(0).says(emptyCatalog);
    for (let round = 0; round < 6; round += 1) {
      // Asked for twice, and again by one that is not the current one any more.
      processes.at(-1)?.says({ kind: 'unsound', why: 'boom' });
      processes.at(-1)?.says({ kind: 'unsound', why: 'boom' });
      processAt(0).says({ kind: 'unsound', why: 'boom' });
      processes.at(-1)?.says(emptyCatalog);
    }
    expect(processes.map((process) => process.kinds())).toEqual([
      ['start', 'drain'],
      ['start', 'drain'],
      ['start', 'drain'],
      ['start'],
    ]);
    host.look();
    expect(processAt(3).kinds()).toEqual(['start', 'look']);
  });

  it('waits before it starts one process after the other in which the same goes wrong, and warns of it', () => {
    processAt(0).says(emptyCatalog);
    for (let round = 0; round < 3; round += 1) {
      processes.at(-1)?.says({ kind: 'unsound', why: 'an error was thrown' });
      processes.at(-1)?.says(emptyCatalog);
      // It has nothing to end.
      processes.at(-2)?.emit('close', 0, null);
    }
    expect(processes).toHaveLength(4);
    expect(host.warnings()).toEqual([expect.stringContaining('failed 3 times')]);
    processAt(3).says({ kind: 'unsound', why: 'an error was thrown again' });
    processAt(3).says({ kind: 'unsound', why: 'an error was thrown again' });
    expect(processes).toHaveLength(4);
    expect(host.warnings()).toEqual([expect.stringContaining('the last time an error was thrown again')]);
  });

  it('leaves out the file that a process died of once, and warns when they go on to die', async () => {
    processAt(0).says({ kind: 'reading', file: 'load.ts' });
    processAt(0).emit('close', 1, null);
    const start = (index: number): Start => processAt(index).heard.find(({ kind }) => kind === 'start') as Start;
    expect([...start(1).withheld.keys()]).toEqual(['load.ts']);
    // A file that is withheld already cannot be what it dies of: neither at once again, nor without end.
    processAt(1).says({ kind: 'reading', file: 'load.ts' });
    processAt(1).emit('close', 1, null);
    expect(processes).toHaveLength(2);
    await vi.waitFor(() => expect(processes).toHaveLength(3), { timeout: 10_000 });
    expect(host.warnings()).toEqual([]);
    for (const index of [2, 3]) {
      await vi.waitFor(() => expect(processes).toHaveLength(index + 1), { timeout: 10_000 });
      processAt(index).emit('close', 9, null);
    }
    expect(host.warnings()).toEqual([expect.stringMatching(/failed 3 times.*the last time ended with exit code 9/)]);
    expect(messages()[0]).toBe(
      'the process that runs jobs ended with exit code 1 while it read jobs/load.ts; another one is started',
    );
  });

  it('puts down whose code has ended a process', async () => {
    processAt(0).says(emptyCatalog);
    processAt(0).says({ kind: 'exiting', executionId: 5, whose: 'step Exit of execution 5 (Exiting)', code: 7 });
    processAt(0).emit('close', 7, null);
    await vi.waitFor(() =>
      expect(putDown).toEqual(['1000 was ended by step Exit of execution 5 (Exiting) with exit code 7 (5)']),
    );
  });

  it('tells and puts down why a process has ended, and what it ran', async () => {
    processAt(0).says(emptyCatalog);
    processAt(0).emit('close', 7, null);
    await vi.waitFor(() => expect(putDown).toEqual(['1000 ended with exit code 7 (null)']));
    expect(messages()).toEqual([
      'the process that runs jobs ended with exit code 7; another one is started',
      'the process that runs jobs (pid 1000) ended with exit code 7. It ran execution 4 (Load): to go on when the lease is over',
    ]);
  });
});

it('a process of another version than the service’s says so, and runs nothing', async () => {
  const child = fork(path.join(projectFolder, 'src/main.ts'), ['conductor'], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    serialization: 'advanced',
  });
  const said: FromConductor[] = [];
  child.on('message', (message) => said.push(message as FromConductor));
  const start: Start = {
    kind: 'start',
    settings,
    withheld: new Map(),
    conductor: 'here',
    role: 'serve',
    host: process.pid,
    questions: null,
    version: '0.0.1-older',
  };
  child.send(start);
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(said).toEqual([
    {
      kind: 'log',
      level: 'error',
      message: `the program was changed while the service runs (from version 0.0.1-older to ${version}): restart the service. Until then no changed job file is read.`,
    },
  ]);
});
