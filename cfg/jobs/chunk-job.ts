import { chunkStep, defineJob } from 'batchy';

/** 50 numbers, ten at a time: reads 50, writes the 25 even squares, filters the others, commits 5 times. */
export default defineJob({
  name: 'ChunkJob',
  description: 'Squares of 1 to 50; the even ones are written',
  steps: [
    chunkStep('ChunkStep', {
      reader: () => Array.from({ length: 50 }, (_, index) => index + 1),
      processor: (number) => {
        const square = number * number;
        return square % 2 === 0 ? square : null;
      },
      writer: (squares, _chunk, ctx) => {
        ctx.logger.info(`wrote ${squares.join(', ')}`);
      },
      chunkSize: 10,
    }),
  ],
});
