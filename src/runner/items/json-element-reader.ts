import type { Json } from '../../domain/json.ts';
import { filePlaceOf, FileWindow } from './file-window.ts';
import { ItemError, type ItemReader } from './item.ts';
import { parseItem } from './item-json.ts';
import { type ElementPlace, JsonElements } from './json-elements.ts';

/** What `jsonReader` makes. */
export class JsonElementReader implements ItemReader<unknown> {
  readonly #file: string;
  readonly #maxRecordBytes: number;
  #window: FileWindow | null = null;
  #elements = new JsonElements(0, false);
  /** Where the file's text begins. */
  #start = 0;
  /** The offset up to which the elements have been looked for. */
  #fed = 0;
  #places: ElementPlace[] = [];
  #next = 0;
  /** Why there is nothing to be found behind the places. */
  #problem: Error | null = null;

  constructor(file: string, maxRecordBytes: number) {
    this.#file = file;
    this.#maxRecordBytes = maxRecordBytes;
  }

  async open(checkpoint: Json): Promise<void> {
    const place = checkpoint === null ? null : filePlaceOf(checkpoint);
    this.#window = await FileWindow.open(this.#file);
    this.#start = this.#window.position;
    if (place !== null) await this.#window.goTo(place);
    this.#fed = this.#window.position;
    // Where nothing has been read yet, the array has not begun.
    this.#elements = new JsonElements(this.#fed, this.#fed > this.#start);
  }

  async read(): Promise<unknown> {
    const window = this.#opened();
    for (;;) {
      const place = this.#places[this.#next];
      if (place !== undefined) {
        this.#assertLength(place.to - place.from, place.from);
        this.#next++;
        return this.#itemOf(window.slice(place.from, place.to).toString('utf8'), place);
      }
      if (this.#problem !== null) throw this.#problem;
      if (await this.#findMore()) continue;
      if (this.#elements.ended) return null;
      if (this.#elements.elementFrom === null && window.position === this.#start) {
        throw new Error(`${this.#file} is empty: not even an array is in it.`);
      }
      throw this.#fatal('The file ends within the array: it is cut off, or a bracket is missing.', window.end);
    }
  }

  checkpoint(): Json {
    return this.#opened().place();
  }

  async close(): Promise<void> {
    await this.#window?.close();
    this.#window = null;
  }

  #itemOf(text: string, place: ElementPlace): unknown {
    const window = this.#opened();
    const fail = (problem: string, cause?: unknown): never => {
      const position = `line ${this.#opened().lineOf(place.from + text.length - text.trimStart().length)}`;
      window.position = place.to;
      throw new ItemError(`${this.#file}, ${position}: ${problem}`, { position, item: text.trim(), cause });
    };
    let item: unknown;
    try {
      item = parseItem(text);
    } catch (error) {
      return fail(`the element is no JSON (${error instanceof Error ? error.message : String(error)}).`, error);
    }
    if (item === null) return fail('null is no item.');
    window.position = place.to;
    return item;
  }

  /** @returns `false` at the end of the file */
  async #findMore(): Promise<boolean> {
    const window = this.#opened();
    const from = this.#elements.elementFrom ?? window.position;
    this.#assertLength(this.#fed - from, from);
    if (this.#fed === window.end && !(await window.more())) return false;
    const bytes = window.slice(this.#fed, window.end);
    const { places, problem } = this.#elements.write(bytes);
    this.#places = places;
    this.#next = 0;
    // The tokenizer's own place is one of its bytes; ours is that of the element.
    const where = this.#elements.elementFrom ?? this.#fed;
    if (problem !== null) this.#problem = this.#fatal(problem.message, where, problem);
    this.#fed = window.end;
    return true;
  }

  #assertLength(length: number, from: number): void {
    if (length <= this.#maxRecordBytes) return;
    const advice = 'If elements are that long, raise maxRecordBytes; if not, a quote or a bracket is missing there.';
    throw this.#fatal(`The element is longer than ${this.#maxRecordBytes} bytes. ${advice}`, from);
  }

  #fatal(problem: string, offset: number, cause?: unknown): Error {
    return new Error(`${this.#file}, line ${this.#opened().lineOf(offset)}: ${problem}`, { cause });
  }

  #opened(): FileWindow {
    if (this.#window === null) throw new Error('The reader is not open.');
    return this.#window;
  }
}
