import { defineFlow, linearFlow, type StepContext, task, times, unorderedFlow } from 'batchy';

import { note, work } from '../note.ts';

/** A flow that is tried twice in its first part and then, where it is told to, undoes everything. */
export default defineFlow(
  'flow',
  ({ fails, milliseconds }) => {
    const told = (name: string, mayPass: (attempt: number) => boolean) =>
      task(name, {
        requires: [],
        execute: async (_values, ctx) => {
          await noted(ctx, 'execute', milliseconds);
          if (!mayPass(ctx.attempt)) throw new Error(`${name} has failed`);
          return `made by ${name}`;
        },
        revert: (_values, ctx) => noted(ctx, 'revert', milliseconds),
      });
    return linearFlow('whole', [
      linearFlow('first', { retry: times(2) }, [told('a', () => true), told('b', (attempt) => attempt > 1)]),
      unorderedFlow('second', [told('c', () => true), told('d', () => true)]),
      told('e', () => !fails),
    ]);
  },
  {
    maxTakeovers: 1000,
    parameters: {
      number: { type: 'integer' },
      fails: { type: 'boolean', default: false },
      milliseconds: { type: 'integer', default: 150 },
    },
  },
);

async function noted(ctx: StepContext, what: string, milliseconds: number): Promise<void> {
  note(ctx, what);
  await work(ctx, milliseconds);
  note(ctx, `${what}d`);
}
