/**
 * A map with changes over it that are not in it yet. To look something up, to change it and to settle it costs what was changed,
 * however much the map holds.
 */
export class MapOverlay<K, V> implements ReadonlyMap<K, V> {
  readonly #under: Map<K, V>;
  readonly #over = new Map<K, V>();

  constructor(under: Map<K, V>) {
    this.#under = under;
  }

  set(key: K, value: V): void {
    this.#over.set(key, value);
  }

  /** Puts the changes into the map that is under it. */
  settle(): void {
    for (const [key, value] of this.#over) this.#under.set(key, value);
  }

  get size(): number {
    let size = this.#under.size;
    for (const key of this.#over.keys()) if (!this.#under.has(key)) size += 1;
    return size;
  }

  get(key: K): V | undefined {
    return this.#over.has(key) ? this.#over.get(key) : this.#under.get(key);
  }

  has(key: K): boolean {
    return this.#over.has(key) || this.#under.has(key);
  }

  /** In the order that the map has once it is settled. */
  entries(): MapIterator<[K, V]> {
    if (this.#over.size === 0) return this.#under.entries();
    return this.#under.size === 0 ? this.#over.entries() : this.#both();
  }

  *#both(): MapIterator<[K, V]> {
    for (const [key, value] of this.#under) yield [key, this.#over.has(key) ? (this.#over.get(key) as V) : value];
    for (const [key, value] of this.#over) if (!this.#under.has(key)) yield [key, value];
  }

  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }

  values(): MapIterator<V> {
    if (this.#over.size === 0) return this.#under.values();
    return this.#under.size === 0 ? this.#over.values() : this.#valuesOfBoth();
  }

  *#valuesOfBoth(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  forEach(call: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) call(value, key, this);
  }
}
