import { setTimeout as pause } from 'node:timers/promises';

import { itemWriter, sqlWriter } from 'batchy';

import { note } from './note.ts';

interface Row {
  readonly run: number;
  readonly id: number;
}

/** The idempotent sink: a table without a key, which would show each row that came twice, and a note of each chunk once it is written. */
export function tableWriter(milliseconds: number) {
  return itemWriter<Row>(async (ctx) => {
    const table = await sqlWriter({ connection: 'sqlite:target.db', table: 'rows' })(ctx);
    return {
      open: (checkpoint) => table.open(checkpoint),
      async write(rows, chunk) {
        await table.write(rows, chunk);
        note(ctx, 'chunk', chunkNote(rows, chunk));
        await pause(milliseconds);
      },
      checkpoint: () => table.checkpoint(),
      close: () => table.close(),
    };
  });
}

/** A sink that refuses nothing: whatever reaches it is noted. */
export function noteWriter(milliseconds: number) {
  return itemWriter<Row>((ctx) => ({
    open: async () => undefined,
    async write(rows, chunk) {
      note(ctx, 'chunk', chunkNote(rows, chunk));
      await pause(milliseconds);
    },
    checkpoint: () => null,
    close: async () => undefined,
  }));
}

function chunkNote(
  rows: readonly Row[],
  {
    chunkId,
    fence,
  }: { readonly chunkId: string; readonly fence: { readonly stepExecutionId: number; readonly lease: number } },
) {
  return {
    run: rows[0]?.run,
    first: rows[0]?.id,
    last: rows.at(-1)?.id,
    chunkId,
    fence: [fence.stepExecutionId, fence.lease],
  };
}

/** Ids from one to another, with a pause before each chunk. */
export async function* slowRows({
  run,
  from = 1,
  to,
  chunkSize,
  milliseconds,
}: {
  readonly run: number;
  readonly from?: number;
  readonly to: number;
  readonly chunkSize: number;
  readonly milliseconds: number;
}): AsyncGenerator<Row> {
  for (let id = from; id <= to; id += 1) {
    if ((id - from) % chunkSize === 0) await pause(milliseconds);
    yield { run, id };
  }
}
