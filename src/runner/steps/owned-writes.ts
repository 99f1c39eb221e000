import { type Chunk, isUncertain, type ItemWriter, type WriterFence } from '../items/item.ts';
import type { FaultHandling } from './chunk-faults.ts';
import type { ChunkRun } from './chunk-run.ts';
import type { OpenChunk } from './open-chunk.ts';

export interface OwnedWritesOptions extends Pick<ChunkRun, 'stillOurs'> {
  readonly writer: ItemWriter<unknown>;
  readonly fence: WriterFence;
  readonly signal: AbortSignal;
  readonly faults: Pick<FaultHandling, 'retry'>;
}

/** Writes items of a chunk, as often as the policy of the step says. @throws the last error; OwnershipLost, before anything is written */
export type OwnedWrite = (chunk: OpenChunk, items: readonly unknown[], chunkId: string) => Promise<void>;

/**
 * Writes only as long as the execution is ours. A process that was paused (stopped, or its machine suspended) while it read or processed does not
 * know that another has gone on meanwhile: so the store is asked, where it has not said lately whose it is.
 */
export function createOwnedWrites({ writer, fence, signal, stillOurs, faults }: OwnedWritesOptions): OwnedWrite {
  const assured: Chunk['stillOurs'] = async () => {
    await stillOurs();
  };
  return async (chunk, items, chunkId) => {
    const once = async (): Promise<void> => {
      const asking = stillOurs();
      if (asking !== null) await asking;
      try {
        await writer.write(items, { chunkId, signal, fence, stillOurs: assured });
      } catch (error) {
        // What looks like somebody else's doing may be that of whoever has the execution now.
        if (isUncertain(error)) await stillOurs(true);
        chunk.rollbacks += 1;
        throw error;
      }
    };
    try {
      await once();
    } catch (error) {
      await faults.retry(error, chunk, once);
    }
  };
}
