/** Results of a pure function by its argument: never state, only what would come out again. */
export interface Memo<Key, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
}

/**
 * @param most weight of what is kept; when it is more, the older half is forgotten
 * @param weigh what would be kept: 1 each unless told. What weighs more than a quarter of all is not kept
 */
export function createMemo<Key, Value>(
  most: number,
  weigh: (key: Key, value: Value) => number = () => 1,
): Memo<Key, Value> {
  let recent = new Map<Key, Value>();
  let older = new Map<Key, Value>();
  /** Of the recent ones, counting one that was replaced as often as it was set: a bound, not a sum. */
  let weight = 0;
  const set = (key: Key, value: Value): void => {
    const added = weigh(key, value);
    if (added > most / 4) {
      recent.delete(key);
      older.delete(key);
      return;
    }
    if (weight + added > most / 2) {
      older = recent;
      recent = new Map();
      weight = 0;
    }
    recent.set(key, value);
    weight += added;
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

/** What was found out of an object that never changes. */
export interface Notes<Subject extends object, Value> {
  of(subject: Subject): Value | undefined;
  note(subject: Subject, value: Value): void;
}

/** Lets a subclass lay its private fields upon an object that is there already. */
// oxlint-disable-next-line typescript/no-extraneous-class -- only what constructors return is laid upon
class Upon {
  constructor(subject: object) {
    return subject;
  }
}

/**
 * Kept upon the object itself, where nobody else can see it: a WeakMap of what lives for milliseconds, thousands a second,
 * costs the garbage collector more than what is found out is worth.
 */
export function createNotes<Subject extends object, Value>(): Notes<Subject, Value> {
  class Note extends Upon {
    #value: Value | undefined;

    static of(subject: Subject): Value | undefined {
      return #value in subject ? (subject as unknown as Note).#value : undefined;
    }

    static note(subject: Subject, value: Value): void {
      const noted = #value in subject ? (subject as unknown as Note) : new Note(subject);
      noted.#value = value;
    }
  }
  return Note;
}
