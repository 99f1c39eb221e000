import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  documentChange,
  documentKeys,
  executionDocument,
  executionMembers,
} from '../../../src/domain/execution-documents.ts';
import type { StepDefinition } from '../../../src/domain/job.ts';
import { partsOfExecution, type StoredPart } from '../../../src/domain/part.ts';
import { createCapabilities } from '../../../src/runner/capabilities.ts';
import { type ExecutionSession, OwnershipLost } from '../../../src/runner/execution-session.ts';
import type { RunnableJob } from '../../../src/runner/job.ts';
import type { ConductorParts } from '../../../src/runner/parts/conductor-parts.ts';
import { createPartStore, type PartStore } from '../../../src/runner/parts/part-store.ts';
import { createSharing, type Sharing } from '../../../src/runner/parts/sharing.ts';
import type { RunningExecution } from '../../../src/runner/running-execution.ts';
import { createWorld, jobOf, type World } from '../world.ts';

describe('the owner of an execution with parts', () => {
  let world: World;
  let job: RunnableJob;
  let executionId: number;
  let session: ExecutionSession;
  let sharing: Sharing;
  let offered: StoredPart;
  /** What it asked for who could take it. */
  let asked: unknown[];

  beforeEach(async () => {
    world = await createWorld();
    asked = [];
    job = jobOf(
      [{ name: 'Split', distributed: true, capabilities: ['gpu'], body: { kind: 'task', run: () => undefined } }],
      { capabilities: ['tape'] },
    );
    executionId = await world.launch(job, { waits: { queue: 'night' } });
    session = await world.take(executionId, 'owner');
    sharing = createSharing(session, job.definition, partsOf('owner'));
    const running: Pick<RunningExecution, 'commit'> = {
      commit: (decide) => session.commit(...(decide === undefined ? [] : [decide])),
    };
    const definition = job.definition.steps[0] as StepDefinition;
    const [stored] = await sharing.offer(running as RunningExecution, [
      { stepName: 'Split', definition, partition: null, checkpoint: null },
    ]);
    if (stored === undefined) throw new Error('nothing was offered');
    offered = stored;
  });
  afterEach(() => world.close());

  function partsOf(id: string): ConductorParts {
    const { stores, tools } = world;
    return {
      id,
      by: `conductor ${id}`,
      stores,
      timers: tools.timers,
      store: storeOf(id),
      capabilities: createCapabilities([], [], { timers: tools.timers, onProblem: () => undefined }),
      runs: { has: () => false, see: async () => 'elsewhere', refresh: () => undefined },
      others: async (part) => (asked.push(part), 1),
      lost: () => undefined,
      setWaiting: () => undefined,
      heard: async () => undefined,
    };
  }

  function storeOf(conductor: string): PartStore {
    const { stores, tools } = world;
    return createPartStore({ stores, conductor, operationId: tools.operationId });
  }

  async function takenBy(conductor: string): Promise<StoredPart> {
    const parts = storeOf(conductor);
    const [found] = await parts.withExecutions([offered]);
    const taken = found === undefined ? null : await parts.take(found, false);
    if (taken === null) throw new Error('it was not to be had');
    return taken;
  }

  it('asks for others that could take them: they run its job and its queue, and may have all that is needed', async () => {
    expect(await sharing.others(job.definition.steps[0] as StepDefinition)).toBe(1);
    expect(asked).toEqual([{ jobName: 'TestJob', queue: 'night', capabilities: ['tape', 'gpu'] }]);
  });

  it('notices at once that somebody has ended it when it takes its parts back', async () => {
    const { execution } = await world.outcome(executionId);
    const [stored] = await world.stores.documents.get([documentKeys.execution(executionId)]);
    const before = { members: executionMembers(execution), revision: stored?.revision ?? 0 };
    await world.stores.store.commit({
      operation: { id: 'end', fingerprint: '', answer: null, keepSeconds: 60 },
      changes: [documentChange(before, executionDocument({ ...execution, status: 'FAILED' }))],
      journal: [],
    });
    const { documents } = world.stores;
    const scan = documents.scan.bind(documents);
    let lists = 0;
    documents.scan = async (page) => {
      if (page.index === partsOfExecution(executionId) && (lists += 1) > 5) throw new Error('it goes on and on');
      return scan(page);
    };
    await expect(sharing.revokeAll()).rejects.toThrow(OwnershipLost);
    expect(lists).toBe(1);
  });

  it('takes nothing away once the execution is another’s, who has offered it to others', async () => {
    const taken = await takenBy('third');
    await world.take(executionId, 'next');
    await expect(sharing.revokeAll()).rejects.toThrow(OwnershipLost);
    expect(await sharing.revoke(taken).catch(() => false)).toBe(false);
    expect(await storeOf('next').get([offered.part])).toEqual([taken]);
  });

  it('withdraws no offer once the execution is another’s', async () => {
    await world.take(executionId, 'next');
    expect(await sharing.retract(offered)).toBe(false);
    expect(await storeOf('next').get([offered.part])).toEqual([offered]);
  });
});
