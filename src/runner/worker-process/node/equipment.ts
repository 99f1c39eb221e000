import { inspect } from 'node:util';

import type { WorkerContext, WorkerEquipment, WorkerLogger } from '../../../authoring/worker.ts';
import { type Json, withPlainNumbers } from '../../../domain/json.ts';
import { quoteBriefly } from '../../../domain/names.ts';
import { jsonCopy } from '../../../domain/json-copy.ts';
import { refuseTooLarge } from '../context-value.ts';
import type { BlockingLine } from './blocking-line.ts';
import type { WorkerAnswer, WorkerLogLevel, WorkerRequest } from '../messages.ts';

/** What a worker in this process works with: all of it is said and asked over the line. */
export function equipmentOver(line: BlockingLine, argv: readonly string[]): WorkerEquipment {
  return { logger: loggerOver(line), context: contextOver(line), argv };
}

function loggerOver(line: BlockingLine): WorkerLogger {
  const at =
    (level: WorkerLogLevel) =>
    (message: unknown): void =>
      line.send({ do: 'log', level, text: typeof message === 'string' ? message : inspect(message) });
  const warn = at('warn');
  return { debug: at('debug'), info: at('info'), warn, warning: warn, error: at('error'), success: at('success') };
}

function contextOver(line: BlockingLine): WorkerContext {
  let asked = 0;
  /** @returns `undefined` where there is no value */
  const ask = (request: WorkerRequest): Json | undefined => {
    asked += 1;
    line.send({ ...request, id: asked });
    const answer = line.receive() as WorkerAnswer;
    if ('error' in answer) throw new Error(answer.error);
    // Python writes 1.0 where JavaScript writes 1.
    return 'missing' in answer ? undefined : withPlainNumbers(answer.value);
  };
  return {
    get(key, byDefault) {
      const value = ask({ do: 'get', key: nameOf(key) });
      if (value !== undefined) return value;
      if (byDefault === undefined)
        throw new Error(
          `The context has no ${quoteBriefly(key)}: no task has set it. Give get() a default if that is right.`,
        );
      return byDefault;
    },
    has: (key) => ask({ do: 'has', key: nameOf(key) }) === true,
    set(key, value) {
      const copy = jsonCopy(value, `the context value ${quoteBriefly(key)}`);
      refuseTooLarge(key, copy);
      ask({ do: 'set', key: nameOf(key), value: copy });
    },
    delete: (key) => void ask({ do: 'delete', key: nameOf(key) }),
    keys: () => ask({ do: 'keys' }) as string[],
    increment: (key, by = 1) => ask({ do: 'increment', key: nameOf(key), by }) as number,
  };
}

/** Authors of JavaScript are told by nobody else. */
function nameOf(key: unknown): string {
  if (typeof key !== 'string') throw new TypeError(`A key of the context must be a text, not ${typeof key}.`);
  return key;
}
