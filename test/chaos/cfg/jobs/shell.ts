import { defineJob, shellStep } from 'batchy';

const noted = (what: string): string =>
  `printf '{"what":"${what}","execution":%s,"job":"Shell","step":"Sleep","process":%s,"fence":[0,%s],"at":%s}\\n' ` +
  `"$BATCHY_EXECUTION_ID" $$ "$BATCHY_FENCE" "$(date +%s%3N)" >> notes.ndjson`;

/** A program of some seconds, tried again. */
export default defineJob({
  name: 'Shell',
  maxTakeovers: 1000,
  parameters: { number: { type: 'integer' } },
  steps: [
    shellStep('Sleep', `${noted('begun')}; sleep 1.5; ${noted('done')}`, {
      shell: true,
      maxRetries: 20,
      retryDelay: 0.1,
    }),
  ],
});
