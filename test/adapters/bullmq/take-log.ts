import { createBullmqDispatcher, type BullmqDispatcherOptions } from '../../../src/adapters/bullmq/dispatcher.ts';
import { readTarget } from '../../../src/adapters/redis/target.ts';
import { type Work, workOf, type WorkOptions } from '../../../src/domain/work.ts';
import type { Consumer, Dispatcher, Taken } from '../../../src/ports/dispatcher.ts';

/** Takes part as a conductor would, and notes what it is handed. */
export interface Taker {
  readonly dispatcher: Dispatcher;
  readonly consumer: Consumer;
  /** In the order in which they were handed over. */
  readonly taken: number[];
  readonly problems: unknown[];
  /** Those that were not answered for. */
  readonly held: ReadonlySet<number>;
  /** Answers for one that is held. */
  readonly answer: (executionId: number, taken?: Taken) => void;
}

export interface TakerOptions extends Omit<BullmqDispatcherOptions, 'server'> {
  readonly url: string;
  readonly lines?: readonly Pick<Work, 'queue' | 'capabilities'>[];
  /** `null`: it is held until it is answered for. Default: all are over at once. */
  readonly take?: (executionId: number) => Taken | null;
}

export const over: Taken = { kind: 'over' };
export const plainLine = { queue: 'default', capabilities: [] };

export function createTaker({ url, lines = [plainLine], take = () => over, ...options }: TakerOptions): Taker {
  const dispatcher = createBullmqDispatcher({ server: readTarget(url), ...options });
  const taken: number[] = [];
  const problems: unknown[] = [];
  const held = new Map<number, (answer: Taken) => void>();
  const consumer = dispatcher.consume({
    lines,
    take: async (executionId) => {
      taken.push(executionId);
      const answer = take(executionId);
      if (answer !== null) return answer;
      const { promise, resolve } = Promise.withResolvers<Taken>();
      held.set(executionId, resolve);
      return promise;
    },
    onProblem: (error) => problems.push(error),
  });
  return {
    dispatcher,
    consumer,
    taken,
    problems,
    get held() {
      return new Set(held.keys());
    },
    answer(executionId, answer = over) {
      held.get(executionId)?.(answer);
      held.delete(executionId);
    },
  };
}

export function work(executionId: number, more: Partial<WorkOptions> = {}): Work {
  return workOf({ executionId, capabilities: [], ...more });
}
