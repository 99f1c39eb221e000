/** Calls at a time: one is being carried out, one waits behind it, and one's answers are read. */
const mostUnderWay = 3;

/**
 * Makes one call of those that are asked for in one turn of the event loop, or while as many calls as may be under way are:
 * a call to the server costs both sides more than most of what is in it. What is asked later never joins a call that has left,
 * so every answer is newer than all that its asker can have known.
 *
 * @param most in one call; more make another
 * @param flush takes what was asked in order and gives an answer each; when it rejects, all who asked are told
 * @param patienceMilliseconds for which a question waits for a call to come back; where the server is far away, it leaves then
 */
export function gather<Question, Answer>(
  most: number,
  flush: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  patienceMilliseconds = 2,
): (question: Question) => Promise<Answer> {
  interface Asked {
    readonly question: Question;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Asked[] = [];
  let underWay = 0;
  let isScheduled = false;
  let overdue: NodeJS.Timeout | null = null;

  /** @param room for so many calls */
  function send(room: number): void {
    for (let left = room; waiting.length > 0 && left > 0; left -= 1) {
      const leaving = waiting.length <= most ? waiting : waiting.slice(0, most);
      waiting = waiting.length <= most ? [] : waiting.slice(most);
      underWay += 1;
      void carry(leaving);
    }
    if (waiting.length === 0 && overdue !== null) {
      clearTimeout(overdue);
      overdue = null;
    }
  }

  async function carry(asked: readonly Asked[]): Promise<void> {
    try {
      const answers = await flush(asked.map(({ question }) => question));
      for (const [place, { resolve }] of asked.entries()) resolve(answers[place] as Answer);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
    underWay -= 1;
    schedule();
  }

  function schedule(): void {
    if (waiting.length === 0) return;
    if (underWay >= mostUnderWay) {
      overdue ??= setTimeout(() => {
        overdue = null;
        send(Number.POSITIVE_INFINITY);
      }, patienceMilliseconds);
    } else if (!isScheduled) {
      isScheduled = true;
      setImmediate(() => {
        isScheduled = false;
        send(mostUnderWay - underWay);
        schedule();
      });
    }
  }

  return (question) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    waiting.push({ question, resolve, reject });
    schedule();
    return promise;
  };
}
