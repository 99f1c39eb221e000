/**
 * The states of a job of a workflow and what may happen to it, as data. `docs/states.md` is drawn from this table; an
 * event that the table does not allow is refused and changes nothing.
 */
export const statuses = ['new', 'open', 'success', 'failed'] as const;
export type Status = (typeof statuses)[number];

export const batchEvents = ['open', 'close', 'fail', 'edit-watermark'] as const;
export type BatchEvent = (typeof batchEvents)[number];

/** What an operator must say for a move that undoes an earlier outcome. */
export type Guard = 'none' | 'force' | 'force-and-reason' | 'batch-id-or-force';

export type Move =
  | { readonly to: Status; readonly guard: Guard }
  /** The outcome is there already: answered with success, nothing changes. */
  | { readonly to: 'unchanged' }
  | { readonly to: 'refused'; readonly code: 'never-opened' };

const go = (to: Status, guard: Guard = 'none'): Move => ({ to, guard });
const unchanged: Move = { to: 'unchanged' };
const neverOpened: Move = { to: 'refused', code: 'never-opened' };

export const batchTransitions: Readonly<Record<Status, Readonly<Record<BatchEvent, Move>>>> = {
  new: { open: go('open'), close: neverOpened, fail: neverOpened, 'edit-watermark': go('new') },
  open: { open: go('open'), close: go('success'), fail: go('failed'), 'edit-watermark': go('new', 'force') },
  success: { open: go('open'), close: unchanged, fail: go('failed', 'batch-id-or-force'), 'edit-watermark': go('new') },
  failed: { open: go('open'), close: go('success', 'force-and-reason'), fail: unchanged, 'edit-watermark': go('new') },
};

/** From worst to best: a workflow is as well as its worst job. */
const fromWorst: readonly Status[] = ['failed', 'open', 'new', 'success'];

/** The worst of the given statuses; `new` when there is none. */
export function worstStatus(found: Iterable<Status>): Status {
  const present = new Set(found);
  return fromWorst.find((status) => present.has(status)) ?? 'new';
}
