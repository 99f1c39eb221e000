import { sqlReader } from '../../../src/runner/items/sql-reader.ts';
import { sqlWriter } from '../../../src/runner/items/sql-writer.ts';
import { anyChunk } from './any-chunk.ts';
import { stepContext } from './sql-step-context.ts';

/** What is copied from where to where, in the database that DATABASE_URL names. */
export interface Copy {
  readonly from: { readonly table: string } | { readonly query: string };
  readonly to: { readonly table: string; readonly key?: readonly string[] };
}

/** Copies rows as a chunk step does, in a process of its own: `sql-copy-process.ts COPY`, the copy as JSON. It prints how much memory it needed at most, in bytes. */
const { from, to } = JSON.parse(process.argv[2] ?? '') as Copy;
const ctx = stepContext();
const reader = await sqlReader(from)(ctx);
const writer = await sqlWriter(to)(ctx);
await reader.open(null);
await writer.open(null);
for (let chunk = 1, ended = false; !ended; chunk++) {
  const items: unknown[] = [];
  while (items.length < 1000 && !ended) {
    const item = await reader.read();
    if (item === null) ended = true;
    else items.push(item);
  }
  if (items.length > 0) await writer.write(items, { ...anyChunk, chunkId: `${to.table} ${chunk}` });
}
await reader.close();
await writer.close();
console.log(process.resourceUsage().maxRSS * 1024);
