import { isExactNumber, type Json, numberFromSource, numberSource } from '../../domain/json.ts';
import { quoteBriefly } from '../../domain/names.ts';
import { refuseTooLarge } from './context-value.ts';
import type { WorkerAnswer, WorkerRequest } from './messages.ts';

/** The context of an execution, as it is stored. */
export interface StoredContext {
  /** As it is now. */
  values(): ReadonlyMap<string, Json>;
  /**
   * Stores what a change leaves, computed anew on whatever is stored by then: changes of several tasks come one after the other.
   * @param change of a copy of the values, called once or more; it must not throw
   * @throws what kept it from being stored
   */
  change(change: (values: Map<string, Json>) => void): Promise<void>;
}

/** Carries out what a worker asks of the context. @throws Error for what cannot be done, or stored */
export async function answerRequest(request: WorkerRequest, context: StoredContext): Promise<WorkerAnswer> {
  switch (request.do) {
    case 'keys':
      return { value: [...context.values().keys()] };
    case 'get': {
      const value = context.values().get(request.key);
      return value === undefined ? { missing: true } : { value };
    }
    case 'has':
      return { value: context.values().has(request.key) };
    case 'set':
      refuseTooLarge(request.key, request.value);
      await context.change((values) => values.set(request.key, request.value));
      return { value: null };
    case 'increment':
      return { value: await increment(request, context) };
    case 'delete':
      return { value: await remove(request.key, context) };
    default:
      throw new Error(`Nothing is known of the request ${quoteBriefly((request as { readonly do: string }).do)}.`);
  }
}

/** @returns whether there was a value */
async function remove(key: string, context: StoredContext): Promise<boolean> {
  let wasThere = false;
  await context.change((values) => {
    wasThere = values.delete(key);
  });
  return wasThere;
}

async function increment(
  { key, by }: Extract<WorkerRequest, { do: 'increment' }>,
  context: StoredContext,
): Promise<Json> {
  let outcome: { readonly sum: Json } | { readonly found: Json } = { found: null };
  await context.change((values) => {
    const kept = values.get(key);
    const before = kept === undefined ? 0 : kept;
    const sum = sumOf(before, by);
    outcome = sum === null ? { found: before } : { sum };
    if (sum !== null) values.set(key, sum);
  });
  if ('sum' in outcome) return (outcome as { readonly sum: Json }).sum;
  throw new Error(`The context value ${quoteBriefly(key)} is no number, so that nothing can be added to it.`);
}

/** Whole numbers exactly, however long. @returns `null` where one of the two is no number */
function sumOf(one: Json, other: Json): Json | null {
  const sources = [numberSource(one), numberSource(other)];
  if (sources.some((source) => source === undefined)) return null;
  if (sources.every((source) => /^-?\d+$/.test(source ?? '')))
    return numberFromSource(String(BigInt(sources[0] ?? 0) + BigInt(sources[1] ?? 0)));
  return [one, other].some(isExactNumber) ? Number(sources[0]) + Number(sources[1]) : Number(one) + Number(other);
}
