import { defineJob, step } from 'batchy';

import { note } from '../note.ts';

/** Runs only where there is what it needs. */
export default defineJob({
  name: 'Picky',
  capabilities: ['gpu', 'port_is_free'],
  steps: [step('Do', (ctx) => note(ctx, 'begun'))],
});
