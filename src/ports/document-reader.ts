/**
 * Documents: what jobs keep in a store (instances, executions, steps, leases, …). A store knows of each its collection, id,
 * revision and text, and the sorted indexes that it is found by; what the text means is decided elsewhere. So a new kind of
 * thing needs no new table, script or test of a store.
 */
export interface DocumentReader {
  /** In the order of the keys; `null` where there is none. All are of one moment. */
  get(keys: readonly DocumentKey[]): Promise<(StoredDocument | null)[]>;
  /**
   * Members of an index in the order of their text (by bytes), from beyond a place on; at most `limit`. Costs no more for an
   * index being long.
   */
  scan(page: IndexPage): Promise<string[]>;
  /**
   * Numbers that no other call gets: the first of `count` in a row, greater than all before; 1 at first. Numbers that are not
   * used are lost, which is allowed.
   */
  reserve(sequence: string, count: number): Promise<number>;
}

/** `collection`: small letters and hyphens. `id`: printable ASCII without spaces, at most 200 characters. */
export interface DocumentKey {
  readonly collection: string;
  readonly id: string;
}

export interface StoredDocument {
  /** 1 at first, greater by one with every commit that changes it. */
  readonly revision: number;
  readonly text: string;
}

/** `index`: printable ASCII without spaces, at most 300 characters. */
export interface IndexPage {
  readonly index: string;
  /** Only members that begin so; `''` for all. */
  readonly prefix: string;
  readonly direction: 'ascending' | 'descending';
  /** Behind what it begins: the last member of the page before, or any text that sorts as members do; `null`: at the very beginning. */
  readonly beyond: string | null;
  readonly limit: number;
}
