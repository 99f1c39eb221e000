import { chunkStep, defineJob } from 'batchy';

import { slowRows, tableWriter } from '../noted-writer.ts';

const chunkSize = 25;

/** Loads the window of a workflow, so that there is a watermark that must not skip. */
export default defineJob({
  name: 'Bound',
  workflow: 'orders',
  maxTakeovers: 1000,
  steps: [
    chunkStep('Load', {
      reader: (ctx) => slowRows({ run: -Number(ctx.parameters['batch_id']), to: 200, chunkSize, milliseconds: 50 }),
      writer: tableWriter(30),
      chunkSize,
    }),
  ],
});
