import { chunkStep, defineJob } from 'batchy';

import { noteWriter, slowRows, tableWriter } from '../noted-writer.ts';

const chunkSize = 25;

/** Two chunk steps: into a table that refuses who comes too late, and to a sink that refuses nothing. */
export default defineJob({
  name: 'Rows',
  maxTakeovers: 1000,
  parameters: {
    number: { type: 'integer' },
    rows: { type: 'integer', default: 500, identifying: false },
    milliseconds: { type: 'integer', default: 60, identifying: false },
  },
  steps: [
    chunkStep('Load', {
      reader: ({ parameters: { number: run, rows: to, milliseconds } }) =>
        slowRows({ run, to, chunkSize, milliseconds: milliseconds / 2 }),
      writer: tableWriter(30),
      chunkSize,
    }),
    chunkStep('Note', {
      reader: ({ parameters: { number: run, rows: to, milliseconds } }) =>
        slowRows({ run, to, chunkSize, milliseconds: milliseconds / 2 }),
      writer: noteWriter(30),
      chunkSize,
    }),
  ],
});
