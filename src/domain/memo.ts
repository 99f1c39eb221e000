/** Results of a pure function by its argument: never state, only what would come out again. */
export interface Memo<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
}

/**
 * @param most kept results; when there are more, the older half is forgotten
 * @param isWorthIt what may be kept at all, for keys that could be long
 */
export function createMemo<Key, Value>(most: number, isWorthIt: (key: Key) => boolean = () => true): Memo<Key, Value> {
  let recent = new Map<Key, Value>();
  let older = new Map<Key, Value>();
  const set = (key: Key, value: Value): void => {
    if (!isWorthIt(key)) return;
    if (recent.size >= most / 2) {
      older = recent;
      recent = new Map();
    }
    recent.set(key, value);
  };
  return {
    set,
    get(key) {
      const found = recent.get(key);
      if (found !== undefined) return found;
      const kept = older.get(key);
      // What is still asked for stays.
      if (kept !== undefined) set(key, kept);
      return kept;
    },
  };
}
