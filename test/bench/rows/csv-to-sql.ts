import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { conductorFlags } from '../../../src/conductor-child.ts';
import { type CopyPlan, type CopyResult, csvColumns } from '../copy-csv.ts';
import { alternate, megabytes, milliseconds, pick, type Row, rowOf } from '../measure.ts';
import type { BenchOptions } from '../options.ts';
import { CleanUp, runNode } from '../processes.ts';

/** A tenth of it is copied, too: memory must not grow with the file. */
const shareOfSmall = 0.1;

/**
 * A CSV file into a SQLite table with a key, each copying, also that by hand, in a process of its own that is started as the
 * service starts the one that runs jobs: its time, and its memory.
 */
export async function measureCsvToSql({ quick }: BenchOptions, cleanUp: CleanUp): Promise<Row[]> {
  const count = quick ? 100_000 : 1_000_000;
  const folder = await cleanUp.folder();
  const large = await writeCsv(path.join(folder, 'large.csv'), count);
  const small = await writeCsv(path.join(folder, 'small.csv'), count * shareOfSmall);
  const rounds = quick ? 3 : 5;
  const speed = await alternate(
    { warmUp: 1, rounds },
    () => copyOnce('ours', large),
    () => copyOnce('hand', large),
  );
  const memory = await alternate(
    { warmUp: 0, rounds },
    () => copyOnce('ours', large),
    () => copyOnce('ours', small),
  );
  const group = 'csv-to-sql';
  const rows = count.toLocaleString('en');
  const fewer = (count * shareOfSmall).toLocaleString('en');
  return [
    rowOf(
      pick(speed, ({ milliseconds: spent }) => spent),
      {
        group,
        name: `CSV of ${rows} rows to a SQLite table against csv-parse and node:sqlite by hand`,
        reach: { atMost: 1.15 },
        format: milliseconds,
      },
    ),
    rowOf(
      pick(memory, ({ maxRssMegabytes }) => maxRssMegabytes),
      {
        group,
        name: `CSV of ${rows} rows to a SQLite table, most memory against ${fewer} rows`,
        reach: { atMost: 1.2 },
        format: megabytes,
      },
    ),
  ];
}

async function writeCsv(file: string, count: number): Promise<string> {
  await pipeline(Readable.from(csvLines(count)), createWriteStream(file));
  return file;
}

function* csvLines(count: number): Iterable<string> {
  yield `${csvColumns.join(',')}\n`;
  for (let id = 1; id <= count; id += 1)
    yield `${id},customer ${id % 7919},"product, of kind ${id % 101}",${id % 13},${(id % 10007) / 100},2026-01-${String((id % 28) + 1).padStart(2, '0')}T12:00:00\n`;
}

async function copyOnce(by: CopyPlan['by'], csv: string): Promise<CopyResult> {
  const cleanUp = new CleanUp();
  try {
    const plan: CopyPlan = { by, csv, folder: await cleanUp.folder() };
    return JSON.parse(await runNode([...conductorFlags, 'test/bench/copy-csv.ts', JSON.stringify(plan)])) as CopyResult;
  } finally {
    await cleanUp.run();
  }
}
