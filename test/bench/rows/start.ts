import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { alternate, milliseconds, type Row, rowOf } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { CleanUp, nodeFlags, runNode, type ServerProcess, startOurs, startServer } from '../processes.ts';

/** From the start of a process to its first answer, or to its end. */
export async function measureStart({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const stub = await startStub(cleanUp);
  const poll = ['bin/waitsy.js', '-wf', 'wf1', '--url', stub, '--date', '2026-11-21'];
  const count = { warmUp: 1, rounds: quick ? 3 : 11 };
  const server = await alternate(count, startOnEmptyStore, () =>
    startOnce(() => startServer({ file: 'test/bench/peers/bare-plugins.ts', readyPath: '/index' })),
  );
  const help = await alternate(count, () => runOnce([...nodeFlags, 'bin/waitsy.js', '--help']), emptyProgram);
  const polled = await alternate(count, () => runOnce([...nodeFlags, ...poll]), emptyProgram);
  const group = 'start';
  return [
    rowOf(server, {
      group,
      name: 'server start to first 200, embedded store, samples loaded against bare Fastify with the same plugins',
      reach: { atMost: 1.5 },
      format: milliseconds,
    }),
    rowOf(help, { group, name: 'waitsy --help against node -e 0', reach: { atMost: 6 }, format: milliseconds }),
    rowOf(polled, { group, name: 'waitsy, one poll against node -e 0', reach: { atMost: 6 }, format: milliseconds }),
  ];
}

/** A first start: the database is made and the samples are loaded into it. */
async function startOnEmptyStore(): Promise<number> {
  const cleanUp = new CleanUp();
  try {
    const data = await cleanUp.folder();
    return await startOnce(() => startOurs({ BATCHY_DATA: data }));
  } finally {
    await cleanUp.run();
  }
}

async function startOnce(start: () => Promise<ServerProcess>): Promise<number> {
  const server = await start();
  await server.stop();
  return server.startedInMs;
}

function emptyProgram(): Promise<number> {
  return runOnce(['-e', '0']);
}

async function runOnce(args: readonly string[]): Promise<number> {
  const began = performance.now();
  await runNode(args);
  return performance.now() - began;
}

/** A server whose only workflow is always ready, so that the first poll is the last. */
async function startStub(cleanUp: CleanUp): Promise<string> {
  const job = { status: 'success', batch_start: '2026-11-21T01:00:00.000000', batch_end: '2026-11-21T02:00:00.000000' };
  const stub = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ job1: job }));
  });
  await new Promise<void>((resolve) => stub.listen(0, '127.0.0.1', resolve));
  cleanUp.add(
    () =>
      new Promise<void>((resolve) => {
        stub.close(() => resolve());
        stub.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(stub.address() as AddressInfo).port}`;
}
