import { defineJob, step } from 'batchy';

import { note, work } from '../note.ts';

/** A third launch is refused. */
export default defineJob({
  name: 'Few',
  maxConcurrent: 2,
  maxTakeovers: 1000,
  parameters: { number: { type: 'integer' } },
  steps: [
    step('Do', async (ctx) => {
      note(ctx, 'begun');
      await work(ctx, 400);
      note(ctx, 'done');
    }),
  ],
});
