import { Socket } from 'node:net';

import { type Holder, holderExpression } from './conductor-holder.ts';
import { notedHolder } from './conductor-sync-programs.ts';

/**
 * Answers the service, from a thread beside the one in which jobs run, whose code that one is at. The inspector interrupts JavaScript
 * wherever it is, a loop that awaits nothing as well, and what runs then runs in the loop's asynchronous context, which
 * names the step. Nothing is kept for it while nobody asks. Outside of JavaScript nothing interrupts it: what waits for a program is noted;
 * anything else (a slow call of a native library) is asked when it comes back.
 * @param descriptor a socket of this process, which is owned by this thread from now on
 * @param waiting where it is noted whose code waits for a program
 */
export function answerWhoHolds(descriptor: number, waiting: SharedArrayBuffer): void {
  const service = new Socket({ fd: descriptor, readable: true, writable: true });
  let isAsking = false;
  const answer = (holder: Holder | null): void => void service.write(`${JSON.stringify(holder)}\n`);
  service.on('data', () => {
    const noted = notedHolder(waiting);
    if (noted !== undefined) answer(noted);
    // One answer is for all questions before it.
    else if (!isAsking) {
      isAsking = true;
      void holderOfMainThread()
        .then(answer)
        .finally(() => {
          isAsking = false;
        });
    }
  });
  // The service is gone, which is noticed elsewhere.
  service.on('error', () => service.destroy());
  service.unref();
}

async function holderOfMainThread(): Promise<Holder | null> {
  try {
    const { Session } = await import('node:inspector/promises');
    const session = new Session();
    session.connectToMainThread();
    try {
      const { result } = await session.post('Runtime.evaluate', {
        expression: holderExpression,
        returnByValue: true,
        silent: true,
      });
      return (result.value ?? null) as Holder | null;
    } finally {
      session.disconnect();
    }
  } catch {
    // A Node without an inspector.
    return null;
  }
}
