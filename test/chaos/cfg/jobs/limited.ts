import { existsSync, rmSync } from 'node:fs';

import { defineJob, step } from 'batchy';

import { note, work } from '../note.ts';

/** Two run at a time, over all machines. Fails once where a file says so, to be restarted. */
export default defineJob({
  name: 'Limited',
  maxRunning: 2,
  maxTakeovers: 1000,
  parameters: { number: { type: 'integer' }, milliseconds: { type: 'integer', default: 200, identifying: false } },
  steps: [
    step('Do', async (ctx) => {
      note(ctx, 'begun');
      try {
        await work(ctx, ctx.parameters.milliseconds);
        const file = `fails-${ctx.parameters.number}`;
        if (!existsSync(file)) return;
        rmSync(file);
        throw new Error('it was told to fail');
      } finally {
        note(ctx, 'done');
      }
    }),
  ],
});
