import { describe, expect, it } from 'vitest';

import {
  graphFlow,
  linearFlow,
  parameterizedForEach,
  task,
  unorderedFlow,
  defineFlow,
} from '../../src/authoring/index.ts';
import { checkStore } from '../../src/domain/flow-requirements.ts';

const gives = (name: string) => task(name, { requires: [], provides: 'v', execute: () => 1 });
const takes = (name: string) => task(name, { requires: ['v'], execute: () => 1 });

describe('a value that one task provides and another does not get', () => {
  it.each([
    [
      linearFlow('f', [takes('a'), linearFlow('sub', [gives('b')])]),
      '"a" requires "v" ("b" provides it, but comes later; put it before)',
    ],
    [
      linearFlow('f', [unorderedFlow('u', [takes('a'), linearFlow('sub', [gives('b')])])]),
      '"a" requires "v" ("b" provides it, but stands beside it in the unordered flow "u"; make that a graphFlow, or a linearFlow in which "b" comes first)',
    ],
    [
      graphFlow('f', [task('a', { requires: ['v'], provides: 'v', execute: () => 1 })]),
      '"a" requires "v" (it provides that itself, but only when it has run)',
    ],
    [
      graphFlow('f', [linearFlow('sub', { retry: parameterizedForEach('v') }, [gives('b')])]),
      '"sub" requires "v" ("b" provides it, but lies within it; put that before it)',
    ],
    [linearFlow('f', [takes('a')]), '"a" requires "v"'],
  ])('is told with its cause: %#', (made, told) => {
    const { flow } = defineFlow('f', () => made).buildFlow();
    expect(() => checkStore(flow, new Map())).toThrow(
      `The flow "f" cannot run: ${told}. Post it with a store that has what nobody provides to them; nothing of it was run.`,
    );
  });
});
