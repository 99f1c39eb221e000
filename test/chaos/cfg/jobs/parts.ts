import { defineJob, partitionedStep, step } from 'batchy';

import { note } from '../note.ts';
import { slowRows, tableWriter } from '../noted-writer.ts';

const chunkSize = 25;

/** The same in four parts side by side. */
export default defineJob({
  name: 'Parts',
  maxTakeovers: 1000,
  parameters: { number: { type: 'integer' }, rows: { type: 'integer', default: 500, identifying: false } },
  steps: [
    partitionedStep('Load', {
      partition: ({ parameters: { rows } }) =>
        [0, 1, 2, 3].map((part) => ({ from: (rows * part) / 4 + 1, to: (rows * (part + 1)) / 4 })),
      reader: (ctx) => slowRows({ run: ctx.parameters.number, ...ctx.partition, chunkSize, milliseconds: 100 }),
      writer: tableWriter(100),
      chunkSize,
    }),
    step('End', (ctx) => note(ctx, 'done')),
  ],
});
