import { defineJob, step } from 'batchy';

import { note } from '../note.ts';

/** What a schedule launches. */
export default defineJob({
  name: 'Fired',
  parameters: { scheduled_for: { type: 'date' } },
  steps: [step('Do', (ctx) => note(ctx, 'begun', { firing: ctx.parameters.scheduled_for }))],
});
