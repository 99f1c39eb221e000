import { chunkStep, defineJob, sqlWriter } from '../../src/authoring/index.ts';

export const countedItems = 100;

/** A hundred items in ten chunks into a table that takes each chunk once, and would show each that came twice. */
export function countedJob(target: string) {
  return defineJob({
    name: 'Counted',
    maxTakeovers: 1000,
    steps: [
      chunkStep('Load', {
        reader: function* () {
          for (let id = 1; id <= countedItems; id += 1) yield id;
        },
        processor: (id: number) => ({ id }),
        writer: sqlWriter({ connection: `sqlite:${target}`, table: 'rows' }),
        chunkSize: 10,
      }),
    ],
  });
}
