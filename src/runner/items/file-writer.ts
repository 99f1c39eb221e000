import { isJsonObject, type Json, type JsonObject } from '../../domain/json.ts';
import { FileTarget } from './file-target.ts';
import type { Chunk, ItemWriter } from './item.ts';

/** How items become the text of a file. */
export interface FileFormat<Item> {
  /** What an empty file begins with. */
  begin(): string;
  /** The text that the items add. @param isFirst whether no item was written before */
  add(items: readonly Item[], isFirst: boolean): string;
  /** What the file ends with. */
  readonly closing: string;
  /** What `restore` needs to go on. */
  save(): JsonObject;
  restore(saved: JsonObject): void;
}

/** Writes items to a file. Its checkpoint is the length of the file in bytes, and what the format needs. */
export class FileWriter<Item> implements ItemWriter<Item> {
  readonly #file: string;
  readonly #format: FileFormat<Item>;
  #target: FileTarget | null = null;
  #isFirst = true;

  constructor(file: string, format: FileFormat<Item>) {
    this.#file = file;
    this.#format = format;
  }

  async open(checkpoint: Json): Promise<void> {
    const saved = checkpoint === null ? null : savedOf(checkpoint);
    this.#target = await FileTarget.open(this.#file, saved?.length ?? null, this.#format.closing === '');
    this.#isFirst = saved?.isFirst ?? true;
    if (saved !== null) this.#format.restore(saved.format);
    // With what was cut off went the closing, too.
    await this.#target.append(saved === null ? this.#format.begin() : '', this.#format.closing);
  }

  async write(items: readonly Item[], { stillOurs }: Chunk): Promise<void> {
    if (items.length === 0) return;
    const text = this.#format.add(items, this.#isFirst);
    await stillOurs();
    await this.#opened().append(text, this.#format.closing);
    this.#isFirst = false;
  }

  checkpoint(): Json {
    return { length: this.#opened().length, isFirst: this.#isFirst, format: this.#format.save() };
  }

  async close(): Promise<void> {
    await this.#target?.close();
    this.#target = null;
  }

  #opened(): FileTarget {
    if (this.#target === null) throw new Error('The writer is not open.');
    return this.#target;
  }
}

function savedOf(checkpoint: Json): { length: number; isFirst: boolean; format: JsonObject } {
  if (isJsonObject(checkpoint)) {
    const { length, isFirst, format } = checkpoint;
    if (typeof length === 'number' && typeof isFirst === 'boolean' && isJsonObject(format)) {
      return { length, isFirst, format };
    }
  }
  throw new Error('The checkpoint was made by another kind of writer. Launch with force to write from the beginning.');
}
