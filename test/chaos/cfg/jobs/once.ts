import { defineJob, step } from 'batchy';

import { note, work } from '../note.ts';

/** Begins, works for a while and ends: what is done twice is seen. */
export default defineJob({
  name: 'Once',
  parameters: { number: { type: 'integer' }, milliseconds: { type: 'integer', default: 0, identifying: false } },
  steps: [
    step('Do', async (ctx) => {
      note(ctx, 'begun');
      await work(ctx, ctx.parameters.milliseconds);
      note(ctx, 'done');
    }),
  ],
});
