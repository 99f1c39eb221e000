import { chunkStep, defineJob, sqlWriter, step } from '../../src/authoring/index.ts';

export const countedItems = 40;

/** A bound job whose middle step writes forty rows of its batch in four chunks, into a table that would show each that came twice. */
export function countedJob(target: string) {
  return defineJob({
    name: 'Counted',
    workflow: 'orders',
    maxTakeovers: 1000,
    steps: [
      step('Prepare', (ctx) => ctx.context.set('items', countedItems)),
      chunkStep('Load', {
        reader: (ctx) => Array.from({ length: Number(ctx.context.get('items')) }, (_each, index) => index + 1),
        processor: (id: number, ctx) => ({ id, batch: ctx.parameters['batch_id'] }),
        writer: sqlWriter({ connection: `sqlite:${target}`, table: 'rows' }),
        chunkSize: 10,
      }),
      step('End', () => undefined),
    ],
  });
}
