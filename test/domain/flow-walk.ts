import type { RetryController, ScopeDeclaration } from '../../src/domain/flow.ts';
import type { Declaration, Script } from './flow-simulator.ts';

/** Thrown by a task, and by each scope that has undone itself, up to the one that was decided on. */
class Unwinding extends Error {
  readonly upTo: Frame | null;
  readonly again: boolean;
  constructor(upTo: Frame | null, again: boolean) {
    super('unwinding');
    this.upTo = upTo;
    this.again = again;
  }
}
/** Nothing more is undone. */
class Over extends Error {
  readonly status: string;
  constructor(status: string) {
    super(status);
    this.status = status;
  }
}
interface Frame {
  readonly retry: RetryController | null;
  attempts: number;
}

/** The rules once more, as a person would tell them: for linear flows only, without any state to be stored. */
export function walk(root: ScopeDeclaration, script: Script): { log: string[]; status: string } {
  const log: string[] = [];
  const frames: Frame[] = [];
  const ended = new Map<string, number>();
  const revert = ({ name, hasRevert }: { name: string; hasRevert: boolean }): void => {
    if (!hasRevert) return;
    log.push(`${name}r`);
    if (script.revertFails?.(name) === true) throw new Over('FAILED');
  };
  const answer = ({ retry, attempts }: Frame): string => {
    const most = retry?.kind === 'times' ? retry.attempts : retry?.kind === 'forEach' ? retry.values.length : 0;
    return attempts < most ? 'again' : retry?.kind === 'alwaysRevertAll' ? 'all' : 'this';
  };
  const decide = (): Unwinding => {
    const asked = frames.filter(({ retry }) => retry !== null).toReversed();
    for (const frame of asked) {
      if (answer(frame) === 'again') return new Unwinding(frame, true);
      if (answer(frame) === 'all') return new Unwinding(null, false);
    }
    return new Unwinding(asked[0] ?? null, false);
  };
  const run = (declaration: Declaration): { name: string; hasRevert: boolean }[] => {
    if (declaration.kind === 'task') {
      log.push(`${declaration.name}x`);
      const count = ended.get(declaration.name) ?? 0;
      ended.set(declaration.name, count + 1);
      if (script.fails?.(declaration.name, count, {}) !== true) return [declaration];
      revert(declaration);
      throw decide();
    }
    const frame: Frame = { retry: declaration.retry, attempts: 0 };
    for (;;) {
      frame.attempts += 1;
      frames.push(frame);
      const ran: { name: string; hasRevert: boolean }[] = [];
      try {
        for (const child of declaration.children) ran.push(...run(child));
        return ran;
      } catch (thrown) {
        if (!(thrown instanceof Unwinding)) throw thrown;
        for (const task of ran.toReversed()) revert(task);
        if (thrown.upTo !== frame) throw thrown;
        if (!thrown.again) throw new Over('REVERTED');
      } finally {
        frames.splice(frames.indexOf(frame));
      }
    }
  };
  try {
    run(root);
    return { log, status: 'SUCCESS' };
  } catch (thrown) {
    if (thrown instanceof Over) return { log, status: thrown.status };
    if (thrown instanceof Unwinding) return { log, status: 'REVERTED' };
    throw thrown;
  }
}
