import type { Instant } from '../domain/time.ts';

/** What keeps a store in order beside its work. */
export interface Upkeep {
  /** Resolves when the store answers. @throws BatchyError `store-unavailable`, `newer-schema` */
  ping(): Promise<void>;
  /** What an operator should mend, in sentences (an evicting Redis, missing persistence); empty when all is well. */
  warnings(): Promise<string[]>;
  /**
   * Removes what is older than `before`: journal entries, remembered operations, and records of ended batches that we wrote
   * (never another program's, never a batch still in a head). At most about `limit` items.
   * @returns how many were removed
   */
  prune(before: Instant, limit: number): Promise<number>;
  /** Keys that may be workflows or copies of batches of another program, for `batchy reindex`. */
  foreignKeys(): AsyncIterable<string>;
  /** Everything, for `batchy migrate`. */
  exportAll(): AsyncIterable<ArchivedItem>;
  /** Takes in what `exportAll` gave. Refuses a store that is not empty. @throws BatchyError `foreign-data` */
  importAll(items: AsyncIterable<ArchivedItem>): Promise<number>;
  close(): Promise<void>;
}

/** One thing of a store in a form that every store reads. `kind` says what the other fields are. */
export type ArchivedItem =
  | {
      readonly kind: 'workflow';
      readonly name: string;
      readonly head: Readonly<Record<string, string>> | null;
      readonly ledger: string | null;
      readonly listing: Readonly<Record<string, string | null>> | null;
    }
  | {
      readonly kind: 'record';
      readonly workflow: string;
      readonly id: string;
      readonly opening: string;
      readonly jobs: Readonly<Record<string, string>>;
      readonly copy: Readonly<Record<string, string>> | null;
    }
  | { readonly kind: 'journal'; readonly sequence: number; readonly entry: string }
  | { readonly kind: 'operation'; readonly id: string; readonly text: string; readonly expiresAt: string }
  | {
      readonly kind: 'document';
      readonly collection: string;
      readonly id: string;
      readonly revision: number;
      readonly text: string;
    }
  | { readonly kind: 'index'; readonly index: string; readonly members: readonly string[] }
  /** The last number that was given. */
  | { readonly kind: 'sequence'; readonly sequence: string; readonly last: number };
