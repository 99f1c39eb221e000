import type { FlowError } from '../domain/flow-state.ts';
import type { Json } from '../domain/json.ts';
import { StopRequested, TimedOut } from './abort-reasons.ts';
import { errorKind, errorStack, errorText } from './error-text.ts';
import type { FlowTaskBody, RevertContext } from './flow-body.ts';
import { jsonCopy } from '../domain/json-copy.ts';
import type { RunningExecution } from './running-execution.ts';
import { type ContextOverlay, createContextOverlay } from './shared-context.ts';
import { attemptStep } from './step-attempt.ts';
import type { StepContext } from './step-context.ts';

/** What is to be done with a task of a flow. */
export type FlowWork =
  | { readonly phase: 'execute'; readonly values: Readonly<Record<string, unknown>> }
  | ({ readonly phase: 'revert' } & RevertContext);

export interface FlowTaskWork {
  readonly name: string;
  readonly body: FlowTaskBody;
  /** Of the scope that it is in, counted from 1. */
  readonly attempt: number;
  /** @throws what keeps it from being begun */
  readonly work: () => FlowWork;
}

/** `interrupted`: it ended because the execution ends; nobody knows how far it got, and it is done once more by whoever goes on. */
export type FlowTaskEnd =
  | { readonly kind: 'done'; readonly result: Json }
  | { readonly kind: 'failed'; readonly error: FlowError }
  | { readonly kind: 'interrupted' };

/** Runs or reverts a task of a flow once. @returns also what it has put into the context, to be stored with its end */
export async function runFlowTask(
  { session, tools, aborted }: RunningExecution,
  { name, body, attempt, work }: FlowTaskWork,
): Promise<{ readonly end: FlowTaskEnd; readonly overlay: ContextOverlay }> {
  const { execution } = session.state;
  const log = tools.logs.open(execution.id, name);
  const overlay = createContextOverlay(() => session.state.context);
  try {
    const what = work();
    log.note('info', what.phase === 'revert' ? 'reverts' : attempt === 1 ? 'begins' : `begins, attempt ${attempt}`);
    const given = await attemptStep(
      {
        execution,
        stepName: name,
        attempt,
        partition: null,
        overlay,
        log,
        aborted,
        timeoutSeconds: null,
        timers: tools.timers,
        graceMilliseconds: tools.graceMilliseconds,
      },
      async (ctx) => carryOut(body, what, ctx),
    );
    const result = what.phase === 'revert' ? null : jsonCopy(given ?? null, `what execute of ${name} returns`);
    log.note('info', what.phase === 'revert' ? 'reverted' : 'succeeded');
    return { end: { kind: 'done', result }, overlay };
  } catch (error) {
    overlay.discard();
    const reason: unknown = aborted.aborted ? aborted.reason : null;
    if (reason !== null) {
      if (error !== reason) log.write('warn', errorStack(error));
      log.write('info', reason instanceof StopRequested || reason instanceof TimedOut ? reason.message : 'interrupted');
      return { end: { kind: 'interrupted' }, overlay };
    }
    log.write('error', errorStack(error));
    return { end: { kind: 'failed', error: { name: errorKind(error), message: errorText(error) } }, overlay };
  } finally {
    log.close();
  }
}

function carryOut(body: FlowTaskBody, what: FlowWork, ctx: StepContext): unknown {
  if (what.phase === 'execute') return body.execute(what.values, ctx);
  const { phase: _phase, ...given } = what;
  return body.revert?.(given, ctx);
}
