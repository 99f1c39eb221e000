import { defineJob, step } from 'batchy';

/** Takes whatever parameters it is launched with: `{"start_date": "2024-01-01", "batch_size": 100, "threshold": 0.95}`. */
export default defineJob({
  name: 'ParameterizedJob',
  description: 'Tells the parameters that it was launched with',
  steps: [
    step('ShowParameters', (ctx) => {
      for (const [name, value] of Object.entries(ctx.parameters))
        ctx.logger.info(`${name} = ${String(value)} (${typeof value})`);
    }),
  ],
});
