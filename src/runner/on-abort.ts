import { createNotes } from '../domain/memo.ts';

interface Listening {
  readonly calls: Set<() => void>;
  readonly tell: () => void;
}

const listenings = createNotes<AbortSignal, Listening | null>();

/**
 * Calls back when the signal is aborted. For a signal that thousands listen to at a time: to add a listener to a signal, or to remove
 * it, costs more with each that it has.
 * @returns what ends the listening
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const { calls, tell } = listenings.of(signal) ?? listen(signal);
  // Whoever listens twice with the same function is called twice.
  const own = (): void => call();
  calls.add(own);
  return () => {
    if (!calls.delete(own) || calls.size > 0) return;
    // A signal that somebody listens to is never collected.
    signal.removeEventListener('abort', tell);
    listenings.note(signal, null);
  };
}

function listen(signal: AbortSignal): Listening {
  const calls = new Set<() => void>();
  const tell = (): void => {
    for (const call of calls) call();
  };
  const listening = { calls, tell };
  listenings.note(signal, listening);
  signal.addEventListener('abort', tell);
  return listening;
}
