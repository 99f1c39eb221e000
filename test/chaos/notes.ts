import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';

/** What a step noted when it did something outside: `cfg/note.ts`. */
export interface Note {
  readonly what: string;
  readonly execution: number;
  readonly job: string;
  readonly step: string;
  readonly process: number;
  /** Milliseconds. */
  readonly at: number;
  /** Of a chunk: which rows of which run. */
  readonly run?: number;
  readonly first?: number;
  readonly last?: number;
  readonly chunkId?: string;
  /** Step execution and lease, in whose name it was done. */
  readonly fence?: readonly [number, number];
  readonly firing?: string;
}

/** All notes so far, in the order in which they were made. */
export class Notes {
  readonly all: Note[] = [];
  readonly #file: string;
  readonly #byExecution = new Map<number, Note[]>();
  #place = 0;
  #rest = Buffer.alloc(0);

  constructor(folder: string) {
    this.#file = path.join(folder, 'notes.ndjson');
  }

  /** Of one execution, as far as they are written now. */
  of(execution: number): readonly Note[] {
    this.read();
    return this.#byExecution.get(execution) ?? [];
  }

  read(): readonly Note[] {
    if (!existsSync(this.#file)) return this.all;
    const { size } = statSync(this.#file);
    if (size === this.#place) return this.all;
    const bytes = Buffer.alloc(size - this.#place);
    const file = openSync(this.#file, 'r');
    const count = readSync(file, bytes, 0, bytes.length, this.#place);
    closeSync(file);
    this.#place += count;
    const text = Buffer.concat([this.#rest, bytes.subarray(0, count)]);
    const end = text.lastIndexOf('\n') + 1;
    this.#rest = text.subarray(end);
    for (const line of text.toString('utf8', 0, end).split('\n')) if (line !== '') this.#add(JSON.parse(line) as Note);
    return this.all;
  }

  #add(note: Note): void {
    this.all.push(note);
    const its = this.#byExecution.get(note.execution) ?? [];
    this.#byExecution.set(note.execution, its);
    its.push(note);
  }
}
