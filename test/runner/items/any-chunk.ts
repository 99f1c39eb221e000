import type { Chunk } from '../../../src/runner/items/item.ts';

/** As a step that nobody else goes on with hands it over. */
export const anyChunk: Chunk = {
  chunkId: 'chunk 1',
  signal: new AbortController().signal,
  fence: { scope: 'a step', stepExecutionId: 1, lease: 1 },
  stillOurs: async () => {},
};
