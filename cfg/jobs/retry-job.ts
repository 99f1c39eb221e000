import { defineJob, type RunnableJob, step } from 'batchy';

/** How likely an attempt of FlakyStep fails. */
const failureRate = 0.5;

/**
 * A step that fails now and then, and is tried again. A launch may say how many attempts fail (`{"failures": 2}`); otherwise it is
 * left to chance.
 * @param random from 0 to 1
 * @param retryDelay seconds before a further attempt
 */
export function retryJob(random: () => number, retryDelay = 1): RunnableJob {
  return defineJob({
    name: 'RetryJob',
    description: 'A flaky step with three retries',
    steps: [
      step('Step1', (ctx) => {
        ctx.logger.info('Step1 has done its work');
      }),
      step(
        'FlakyStep',
        (ctx) => {
          const { failures } = ctx.parameters;
          const fails = typeof failures === 'number' ? ctx.attempt <= failures : random() < failureRate;
          if (fails) throw new Error(`attempt ${ctx.attempt} of FlakyStep failed`);
        },
        { maxRetries: 3, retryDelay },
      ),
      step('Step2', (ctx) => {
        ctx.logger.info('Step2 has done its work');
      }),
    ],
  });
}

export default retryJob(Math.random);
