import { type Json, withPlainNumbers } from '../domain/json.ts';
import { quoteBriefly } from '../domain/names.ts';
import { jsonCopy } from '../domain/json-copy.ts';
import type { SharedContext } from './step-context.ts';

/**
 * What one step sees of the execution's context: what is stored, and over it what the step has set and nobody else sees
 * before it is stored.
 */
export interface ContextOverlay {
  readonly context: SharedContext;
  /** The stored values with the step's own over them, or `null` where it has set nothing. */
  merged(stored: ReadonlyMap<string, Json>): ReadonlyMap<string, Json> | null;
  /** Once `merged` was stored: what has been set since stays. */
  settle(): void;
  /** What was set and not stored is as if it had never been. */
  discard(): void;
}

const removed = Symbol('removed');

export function createContextOverlay(stored: () => ReadonlyMap<string, Json>): ContextOverlay {
  let own = new Map<string, Json | typeof removed>();
  let travelling = new Map<string, Json | typeof removed>();

  const find = (key: string): Json | undefined => {
    const latest = own.has(key) ? own.get(key) : travelling.has(key) ? travelling.get(key) : stored().get(key);
    return latest === removed ? undefined : latest;
  };
  const all = (): Map<string, Json> => overlay(overlay(new Map(stored()), travelling), own);

  return {
    context: {
      get(key, byDefault) {
        const kept = find(key);
        // `null` is a value like any other.
        const value = kept === undefined ? byDefault : kept;
        if (value === undefined)
          throw new Error(
            `The context has no ${quoteBriefly(key)}: no step has set it. Give get() a default if that is right.`,
          );
        // Whoever changes what it got changes nothing that is stored.
        return withPlainNumbers(value);
      },
      has: (key) => find(key) !== undefined,
      set(key, value) {
        own.set(key, jsonCopy(value, `the context value ${quoteBriefly(key)}`));
      },
      delete(key) {
        own.set(key, removed);
      },
      entries: () => [...all()].map(([key, value]) => [key, withPlainNumbers(value)]),
    },
    merged(values) {
      // Asked again for the same commit, after a conflict, it takes along what was set in between.
      for (const [key, value] of own) travelling.set(key, value);
      own = new Map();
      return travelling.size === 0 ? null : overlay(new Map(values), travelling);
    },
    settle() {
      travelling = new Map();
    },
    discard() {
      own = new Map();
      travelling = new Map();
    },
  };
}

function overlay(values: Map<string, Json>, over: ReadonlyMap<string, Json | typeof removed>): Map<string, Json> {
  for (const [key, value] of over) {
    if (value === removed) values.delete(key);
    else values.set(key, value);
  }
  return values;
}
