import { defineJob, step } from 'batchy';

/** The smallest job: two steps, one after the other. */
export default defineJob({
  name: 'SampleJob',
  description: 'Two steps, one after the other',
  steps: [
    step('Step1', (ctx) => {
      ctx.context.set('greeting', 'Hello from Step1');
      ctx.logger.info('Step1 has left a greeting');
    }),
    step('Step2', (ctx) => {
      ctx.logger.info(`Step2 has read: ${JSON.stringify(ctx.context.get('greeting'))}`);
    }),
  ],
});
