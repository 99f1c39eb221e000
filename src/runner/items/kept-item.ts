import type { KeptType, SkippedItem, TypedPlace } from '../../domain/execution.ts';
import { isExactNumber, type Json, stringifyJson } from '../../domain/json.ts';
import { jsonForPeople, longestKept } from '../../domain/json-copy.ts';

/** Deeper ones are kept for people only: reading them back would need ever more of the stack. */
const mostLevels = 200;

/** An item as the store keeps it. */
export type KeptItem = Pick<SkippedItem, 'item' | 'types' | 'obstacle'>;

/**
 * An item that was read, as JSON that `givenItem` makes the very same item of: bigints, dates, bytes, `undefined`, NaN and -0
 * included. What cannot be kept so (an object of a class, a function, one that is too large) is kept for people to look at, and says
 * why nothing else can be done with it.
 */
export function keptItem(item: unknown): KeptItem {
  const types: TypedPlace[] = [];
  try {
    const json = encode(item, [], types, []);
    const length = stringifyJson(json).length + JSON.stringify(types).length;
    if (length <= longestKept) return { item: json, types, obstacle: null };
    const obstacle = `as JSON it has ${length} characters, of which ${longestKept} are kept at most`;
    return { item: jsonForPeople(item), types: [], obstacle };
  } catch (error) {
    const obstacle = error instanceof Unkeepable ? error.message : `it cannot be kept as JSON: ${String(error)}`;
    return { item: jsonForPeople(item), types: [], obstacle };
  }
}

/** The item that was kept. @throws TypeError for what `keptItem` did not make */
export function givenItem({ item, types }: Pick<KeptItem, 'item' | 'types'>): unknown {
  const root: Record<string, unknown> = { item: structuredClone(item) };
  // From the inside outwards: what becomes another object takes its parts along.
  for (const { path, type } of types.toReversed()) {
    const keys = ['item', ...path];
    const last = keys.pop() as string | number;
    const holder = keys.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], root);
    setOwn(holder as object, last, decoders[type]((holder as Record<string | number, unknown>)[last]));
  }
  return root['item'];
}

/**
 * A copy of an item as it was read, so that it can be kept although a processor changes what it is given. What is not data alone is
 * not copied.
 */
export function copyOfItem(item: unknown, above: readonly object[] = []): unknown {
  if (typeof item !== 'object' || item === null) return item;
  if (above.length >= mostLevels || above.includes(item)) return item;
  if (Array.isArray(item)) return item.map((value) => copyOfItem(value, [...above, item]));
  const prototype: unknown = Object.getPrototypeOf(item);
  if (prototype === Date.prototype) return new Date(item as Date);
  if (prototype !== Object.prototype && prototype !== null) return item;
  const copy = (prototype === null ? Object.assign(Object.create(null), item) : { ...item }) as Record<string, unknown>;
  for (const key of Object.keys(copy)) {
    const value = copy[key];
    if (typeof value === 'object' && value !== null) setOwn(copy, key, copyOfItem(value, [...above, item]));
  }
  return copy;
}

class Unkeepable extends Error {}

function encode(value: unknown, path: TypedPlace['path'], types: TypedPlace[], above: readonly object[]): Json {
  const typed = (type: TypedPlace['type'], json: Json): Json => {
    types.push({ path, type });
    return json;
  };
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : typed('number', Object.is(value, -0) ? '-0' : String(value));
  if (typeof value === 'bigint') return typed('bigint', String(value));
  if (value === undefined) return typed('undefined', null);
  if (typeof value !== 'object') throw unkeepable(path, typeof value);
  if (isExactNumber(value)) throw unkeepable(path, 'a fragment of JSON');
  if (above.includes(value)) throw unkeepable(path, 'an object that holds itself');
  if (above.length >= mostLevels) throw new Unkeepable(`it is nested more than ${mostLevels} levels deep`);
  const prototype: unknown = Object.getPrototypeOf(value);
  const hasMore = Object.keys(value).length > 0;
  if (prototype === Date.prototype && !hasMore) {
    const date = value as Date;
    return typed('date', Number.isNaN(date.getTime()) ? null : date.toISOString());
  }
  if (prototype === Buffer.prototype) return typed('buffer', (value as Buffer).toString('base64'));
  if (prototype === Uint8Array.prototype) return typed('bytes', Buffer.from(value as Uint8Array).toString('base64'));
  const within = [...above, value];
  if (Array.isArray(value) && prototype === Array.prototype) {
    if (Object.keys(value).length !== value.length) throw unkeepable(path, 'an array with holes or properties');
    return value.map((part, index) => encode(part, [...path, index], types, within));
  }
  if (prototype !== Object.prototype && prototype !== null)
    throw unkeepable(path, `a ${(value.constructor as { name?: string } | undefined)?.name ?? 'class'}`);
  if (Object.getOwnPropertySymbols(value).length > 0) throw unkeepable(path, 'an object with symbols as keys');
  if (prototype === null) types.push({ path, type: 'bare' });
  // fromEntries defines keys: `__proto__` becomes a key like any other.
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, encode(part, [...path, key], types, within)]),
  );
}

function unkeepable(path: TypedPlace['path'], found: string): Unkeepable {
  const where = path.length === 0 ? 'it' : `its ${path.join('.')}`;
  return new Unkeepable(`${where} is ${found}, which cannot be kept; let the reader give plain values`);
}

const decoders: Readonly<Record<KeptType, (json: unknown) => unknown>> = {
  bigint: (json) => BigInt(json as string),
  date: (json) => new Date((json as string | null) ?? Number.NaN),
  buffer: (json) => Buffer.from(json as string, 'base64'),
  bytes: (json) => new Uint8Array(Buffer.from(json as string, 'base64')),
  undefined: () => undefined,
  number: Number,
  bare: (json) => Object.setPrototypeOf(json, null) as unknown,
};

/** An assignment to `__proto__` would change what the object is. */
function setOwn(holder: object, key: string | number, value: unknown): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
}
