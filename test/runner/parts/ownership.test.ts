import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  contextDocument,
  documentChange,
  documentKeys,
  executionDocument,
  executionMembers,
} from '../../../src/domain/execution-documents.ts';
import { type Part, partDocument, type StoredPart } from '../../../src/domain/part.ts';
import type { DocumentGuard, StoredChange } from '../../../src/ports/store.ts';
import { ownershipOfPart } from '../../../src/runner/ownership.ts';
import { createPartStore, type PartStore } from '../../../src/runner/parts/part-store.ts';
import { createWorld, jobOf, type World } from '../world.ts';

describe('a part of an execution', () => {
  let world: World;
  let executionId: number;
  let offered: StoredPart;
  let operations = 0;

  beforeEach(async () => {
    world = await createWorld();
    executionId = await world.launch(jobOf([]));
    const { execution } = await world.outcome(executionId);
    const part: Part = {
      executionId,
      jobName: execution.jobName,
      instanceId: execution.instanceId,
      stepExecutionId: 7,
      stepName: 'Split:partition0',
      step: 'Split',
      partition: 0,
      checkpoint: null,
      queue: 'default',
      capabilities: [],
      conductor: null,
      since: 0n,
      takeovers: 0,
    };
    offered = { part, revision: 1 };
    await commit([documentChange(null, partDocument(part))]);
  });
  afterEach(() => world.close());

  async function commit(changes: readonly StoredChange[], guards: readonly DocumentGuard[] = []): Promise<string> {
    const operation = { id: `part-${(operations += 1)}`, fingerprint: '', answer: null, keepSeconds: 60 };
    return (await world.stores.store.commit({ operation, changes, guards, journal: [] })).kind;
  }

  function conductor(name: string): PartStore {
    return createPartStore({
      stores: world.stores,
      conductor: name,
      operationId: () => `${name}-${(operations += 1)}`,
    });
  }

  async function take(name: string, stored: StoredPart): Promise<StoredPart | null> {
    const parts = conductor(name);
    const [found] = await parts.withExecutions([stored]);
    return found === undefined ? null : parts.take(found, false);
  }

  async function change(fields: { readonly status: 'STOPPING' | 'FAILED' }): Promise<void> {
    const { execution } = await world.outcome(executionId);
    const [stored] = await world.stores.documents.get([documentKeys.execution(executionId)]);
    const before = { members: executionMembers(execution), revision: stored?.revision ?? 0 };
    expect(await commit([documentChange(before, executionDocument({ ...execution, ...fields }))])).toBe('committed');
  }

  it.each<[string, (stored: StoredPart) => Promise<unknown>, string]>([
    ['stores what it does as long as it is its', async () => {}, 'committed'],
    ['stores nothing more once another has it', (stored) => take('other', stored), 'conflict'],
    ['stores nothing more once it was given back', (stored) => conductor('one').giveBack(stored), 'conflict'],
    ['stores nothing without hearing of a stop', () => change({ status: 'STOPPING' }), 'conflict'],
    ['stores nothing of an execution that is over', () => change({ status: 'FAILED' }), 'conflict'],
  ])('%s', async (_what, happens, outcome) => {
    const taken = await take('one', offered);
    if (taken === null) throw new Error('nobody else was there');
    const ownership = ownershipOfPart(world.stores.documents, taken);
    const loaded = await ownership.open();
    await happens(taken);
    const [context = null] = await world.stores.documents.get([documentKeys.context(executionId)]);
    const before = context === null ? null : { members: [], revision: context.revision };
    const written = documentChange(before, contextDocument(executionId, new Map([['x', 1]])));
    const { changes, guards } = ownership.bound([written], loaded, loaded.state);
    expect(await commit(changes, guards)).toBe(outcome);
  });

  it('is had by one of those who try', async () => {
    const names = Array.from({ length: 10 }, (_none, index) => `conductor-${index}`);
    const taken = await Promise.all(names.map((name) => take(name, offered)));
    expect(taken.filter((stored) => stored !== null)).toHaveLength(1);
  });

  it('is not to be had once its execution is over, though that was live when it was read', async () => {
    const parts = conductor('late');
    const [found] = await parts.withExecutions([offered]);
    if (found === undefined) throw new Error('there is no such part');
    await change({ status: 'FAILED' });
    expect(await parts.take(found, false)).toBeNull();
    expect(await take('later', offered)).toBeNull();
  });
});
