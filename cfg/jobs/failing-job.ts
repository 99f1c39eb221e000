import { defineJob, step } from 'batchy';

/** A step that always fails: launch it twice and see that Step1 does not run again. */
export default defineJob({
  name: 'FailingJob',
  description: 'Its second step always fails',
  steps: [
    step('Step1', (ctx) => {
      ctx.logger.info('Step1 has done its work');
    }),
    step('ErrorStep', () => {
      throw new Error('Something went wrong!');
    }),
  ],
});
