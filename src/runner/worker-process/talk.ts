import type { Duplex } from 'node:stream';

import { parseJson, stringifyJson } from '../../domain/json.ts';
import { errorText } from '../error-text.ts';
import type { StepLog } from '../step-log.ts';
import { answerRequest, type StoredContext } from './context-requests.ts';
import type { FromWorker, WorkerAnswer, WorkerEnd, WorkerStart } from './messages.ts';

/** What one message may hold, in bytes: far more than a context is made for. */
const longestMessage = 16 * 1024 * 1024;

/** Our side of the line to a worker's process. */
export interface WorkerTalk {
  /** What it said at its end; `null` as long as it has said nothing. */
  readonly end: WorkerEnd | null;
}

/** Tells a worker's process what to run, and answers what it asks, one after the other, for as long as the line lasts. */
export function talkToWorker(
  line: Duplex,
  start: WorkerStart,
  by: { log: StepLog; context: StoredContext },
): WorkerTalk {
  let end: WorkerEnd | null = null;
  let last = Promise.resolve();
  const heed = (text: string): void => {
    const message = readMessage(text);
    if (message === null) return;
    if (message.do === 'log') by.log.write(message.level === 'success' ? 'info' : message.level, saying(message));
    else if (message.do === 'end') end = message;
    else last = last.then(async () => answer(line, { ...(await answered(message, by.context)), id: message.id }));
  };
  // It may be gone by then: its end tells of that.
  line.on('error', () => {});
  forEachLine(line, heed, () => {
    by.log.write(
      'error',
      `the worker said more than ${longestMessage} bytes at a time (a log message, or what it threw): nobody listens to it any more`,
    );
    line.destroy();
  });
  line.write(`${JSON.stringify(start)}\n`);
  return {
    get end() {
      return end;
    },
  };
}

function saying({ level, text }: Extract<FromWorker, { do: 'log' }>): string {
  return level === 'success' ? `SUCCESS: ${text}` : text;
}

async function answered(request: Parameters<typeof answerRequest>[0], context: StoredContext): Promise<WorkerAnswer> {
  try {
    return await answerRequest(request, context);
  } catch (error) {
    return { error: errorText(error) };
  }
}

function answer(line: Duplex, message: WorkerAnswer & { readonly id: number }): void {
  if (!line.destroyed) line.write(`${stringifyJson({ ...message })}\n`);
}

/** What a signal broke off half way is no message. */
function readMessage(text: string): FromWorker | null {
  try {
    const message = parseJson(text);
    return typeof message === 'object' && message !== null && 'do' in message
      ? (message as unknown as FromWorker)
      : null;
  } catch {
    return null;
  }
}

function forEachLine(line: Duplex, heed: (text: string) => void, onTooLong: () => void): void {
  let pieces: Buffer[] = [];
  let length = 0;
  line.on('data', (bytes: Buffer) => {
    let from = 0;
    for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, from)) {
      pieces.push(bytes.subarray(from, at));
      heed(Buffer.concat(pieces).toString('utf8'));
      pieces = [];
      length = 0;
      from = at + 1;
    }
    pieces.push(bytes.subarray(from));
    length += bytes.length - from;
    if (length > longestMessage && !line.destroyed) onTooLong();
  });
}
