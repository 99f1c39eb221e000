import { describe, expect, it, test } from 'vitest';

import type { JobParameters } from '../../src/domain/execution.ts';
import { buildGraph } from '../../src/domain/graph.ts';
import { canonicalIdentity } from '../../src/domain/identity.ts';
import { readLaunchParameters, stepParameters } from '../../src/domain/parameters.ts';
import {
  definitionFor,
  partOf,
  replayDefinition,
  replayOf,
  replayParameters,
  stepOfName,
} from '../../src/domain/replay.ts';
import { jobOf, stepOf } from './job-of.ts';

const replay = { executionId: 6, stepName: 'Load', stepExecutionId: 11 };
const given = (body: Record<string, string | number>): JobParameters =>
  readLaunchParameters(body, { parameters: new Map(), additionalParameters: true });

describe('the parameters of a replay', () => {
  const original = given({ day: '2026-11-21', batch_id: 7 });

  it('tell what it is of, and nobody else’s do', () => {
    expect(replayOf(replayParameters(original, false, replay))).toEqual(replay);
    expect(replayOf(original)).toBeNull();
    for (const name of replayParameters(original, false, replay).keys())
      if (name.startsWith('batchy:')) expect(() => given({ [name]: 6 })).toThrow('has letters');
  });

  it('make an instance of it that is no other’s', () => {
    const identities = [
      original,
      ...[
        replay,
        { ...replay, executionId: 7 },
        { ...replay, stepName: 'Other' },
        { ...replay, stepExecutionId: 12 },
      ].map((each) => replayParameters(original, false, each)),
      replayParameters(given({ day: '2026-11-22' }), false, replay),
    ].map((parameters) => canonicalIdentity('Load', parameters));
    expect(new Set(identities).size).toBe(identities.length);
  });

  it('are to a step those of the original, but for the batch that it has not', () => {
    expect(stepParameters(replayParameters(original, false, replay))).toEqual({ day: '2026-11-21', batch_id: 7 });
    expect(stepParameters(replayParameters(original, true, replay))).toEqual({ day: '2026-11-21' });
  });
});

describe('the job of a replay', () => {
  const job = jobOf(
    [
      stepOf('Prepare'),
      stepOf('Load', {
        kind: 'chunk',
        dependsOn: ['Prepare'],
        on: [{ exitCode: '*', to: { end: 'FAILED' } }],
        startLimit: 1,
        timeoutSeconds: 60,
        retry: { maxRetries: 2, delaySeconds: 5, backoff: 'fixed' },
      }),
      stepOf('Parts', { kind: 'partition' }),
    ],
    { newInstancePerLaunch: true, refuseIfComplete: true, maxConcurrent: 3 },
  );

  it('is the one step, by itself, with its own timeout and retries', () => {
    expect(replayDefinition(job, 'Load')).toMatchObject({
      name: job.name,
      bond: null,
      newInstancePerLaunch: false,
      refuseIfComplete: false,
      maxConcurrent: 3,
      steps: [
        {
          name: 'Load',
          kind: 'chunk',
          dependsOn: [],
          on: [],
          startLimit: null,
          timeoutSeconds: 60,
          retry: { maxRetries: 2, delaySeconds: 5 },
        },
      ],
    });
  });

  it.each(['Load', 'Parts:partition3', 'Gone'])('can be run: %s', (stepName) => {
    const definition = replayDefinition(job, stepName);
    expect(buildGraph(definition).nodes).toMatchObject([{ name: stepName, parents: 0 }]);
    expect(definition.steps[0]?.kind).toBe('chunk');
  });

  it('is asked for by an execution’s parameters', () => {
    expect(definitionFor(job, new Map())).toBe(job);
    expect(definitionFor(job, replayParameters(new Map(), false, replay)).steps).toHaveLength(1);
  });

  test.each([
    ['Load', { name: 'Load', index: null }, 'Load'],
    ['Parts:partition12', { name: 'Parts', index: 12 }, 'Parts'],
    ['Parts:partition', { name: 'Parts:partition', index: null }, null],
    ['Gone', { name: 'Gone', index: null }, null],
  ])('knows whose name %s is', (stepName, part, step) => {
    expect(partOf(stepName)).toEqual(part);
    expect(stepOfName(job, stepName)?.name ?? null).toBe(step);
  });
});
