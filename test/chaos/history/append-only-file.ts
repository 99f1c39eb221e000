import { open, readdir } from 'node:fs/promises';
import path from 'node:path';

/** One command that has changed something, as Redis wrote it down. */
export type Command = readonly string[];

const pieceBytes = 8 * 2 ** 20;
const lineBreak = 13;

/**
 * Reads what a Redis with `appendonly yes` has carried out, in its order: a witness that missed nothing, whoever was killed or paused
 * meanwhile, Redis itself included. The file must not be rewritten (`auto-aof-rewrite-percentage 0`).
 */
export class AppendOnlyFile {
  readonly #folder: string;
  /** By file: up to where it was read. */
  readonly #read = new Map<string, number>();

  /** @param folder of the Redis */
  constructor(folder: string) {
    this.#folder = path.join(folder, 'appendonlydir');
  }

  /** Transactions since the last call, whole ones only: what is being written, or was torn, is looked at the next time. */
  async *transactions(): AsyncGenerator<readonly Command[]> {
    const files = (await readdir(this.#folder)).filter((name) => name.endsWith('.incr.aof')).sort();
    for (const file of files) yield* this.#transactionsOf(file);
  }

  async *#transactionsOf(file: string): AsyncGenerator<readonly Command[]> {
    const handle = await open(path.join(this.#folder, file));
    try {
      let place = this.#read.get(file) ?? 0;
      for (let size = pieceBytes; ;) {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(size), 0, size, place);
        const { transactions, end } = readTransactions(buffer.subarray(0, bytesRead));
        yield* transactions;
        place += end;
        this.#read.set(file, place);
        if (bytesRead < size) return;
        // One that is longer than all that was read.
        if (end === 0) size *= 2;
      }
    } finally {
      await handle.close();
    }
  }
}

/** @returns those that are whole, and where the last of them ends */
export function readTransactions(bytes: Buffer): { readonly transactions: readonly Command[][]; readonly end: number } {
  const transactions: Command[][] = [];
  let open: Command[] | null = null;
  let place = 0;
  let end = 0;
  for (;;) {
    const read = readCommand(bytes, place);
    if (read === null) return { transactions, end };
    place = read.end;
    const name = read.command[0]?.toUpperCase();
    if (name === 'MULTI') open = [];
    else if (name === 'EXEC') {
      if (open !== null) transactions.push(open);
      open = null;
    } else if (open !== null) open.push(read.command);
    else transactions.push([read.command]);
    if (open === null) end = place;
  }
}

/** @returns `null` where it is not whole. @throws Error where it is none */
function readCommand(bytes: Buffer, from: number): { readonly command: Command; readonly end: number } | null {
  let place = from;
  const number = (sign: string): number | null => {
    const lineEnd = bytes.indexOf(lineBreak, place);
    if (lineEnd === -1 || lineEnd + 1 >= bytes.length) return null;
    const line = bytes.toString('latin1', place, lineEnd);
    if (!line.startsWith(sign)) throw new Error(`the append-only file has ${JSON.stringify(line)} at ${place}`);
    place = lineEnd + 2;
    return Number(line.slice(1));
  };
  const count = number('*');
  if (count === null) return null;
  const command: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const length = number('$');
    if (length === null || place + length + 2 > bytes.length) return null;
    command.push(bytes.toString('utf8', place, place + length));
    place += length + 2;
  }
  return { command, end: place };
}
