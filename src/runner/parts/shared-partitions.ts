import type { StepDefinition } from '../../domain/job.ts';
import type { StoredPart } from '../../domain/part.ts';
import type { Timers } from '../../ports/timers.ts';
import type { RunningExecution } from '../running-execution.ts';
import type { PartOutcome } from '../steps/partition.ts';
import type { Holder, Offer, Sharing } from './sharing.ts';

/** The partitions of a step that are left to run, here and elsewhere. */
export interface SharedPartitions {
  readonly sharing: Sharing;
  readonly running: RunningExecution;
  readonly definition: StepDefinition;
  readonly timers: Pick<Timers, 'monotonic'>;
  /** How many run at a time, in all. */
  readonly lanes: number;
  /** Those that nobody has begun, or that go on here. */
  readonly waiting: number[];
  /** Those that others were offered before the step came here. */
  readonly earlier: ReadonlyMap<number, StoredPart>;
  /** Whether it may be offered: what has begun here goes on here. */
  readonly isOfferable: (index: number) => boolean;
  readonly offerOf: (index: number) => Promise<Offer>;
  /** Aborted with the step. */
  readonly signal: AbortSignal;
  /** Runs one here, as one that nobody else has or had. */
  readonly runPart: (index: number) => Promise<PartOutcome>;
  readonly onEnd: (index: number, outcome: PartOutcome) => void;
  /** `closing`: what has not begun does not any more. `aborted`: what runs here is told to end, too. */
  readonly phase: () => 'open' | 'closing' | 'aborted';
  /** Whether nobody waits for it any more. */
  readonly isOver: () => boolean;
}

/** A partition that was offered. */
interface Away {
  stored: StoredPart;
  holder: Holder;
  /** Since when nobody has it, by the monotonic clock. */
  freeSince: number;
}

/** After so long nobody seems to want what was offered, in milliseconds. */
const patience = 1500;
/** For so long more of them run here then, and for longer if others still do not want any. */
const shortestRelief = 5000;
const longestRelief = 60_000;

/**
 * Runs partitions, as many at a time as the step says: an equal share of them here, while others are online that could take the rest, which is
 * offered to them. What they do not take runs here. Without others all run here and nothing is offered.
 * @throws the reason for which the execution may not go on here, what `runPart` throws
 */
export async function runSharedPartitions(run: SharedPartitions): Promise<void> {
  const { sharing, running, definition, timers, lanes, waiting, phase } = run;
  const now = (): number => timers.monotonic();
  const away = new Map<number, Away>();
  for (const [index, stored] of run.earlier) away.set(index, { stored, holder: 'elsewhere', freeSince: now() });
  const loops = new Set<Promise<void>>();
  let broken: { readonly error: unknown } | null = null;
  let ended = Promise.withResolvers<void>();
  let mostLoops = 0;
  /** It may be able again by then. */
  let unableUntil = Number.NEGATIVE_INFINITY;
  let relief = { loops: 0, until: 0, lasts: shortestRelief };

  const isBegun = ({ stored }: Away): boolean => stored.revision > 1;
  /** What nobody has, and was offered for long enough that it may run here. */
  const isOverdue = ({ holder, freeSince }: Away): boolean =>
    holder === 'lost' || (holder === 'nobody' && now() - freeSince >= patience);
  const findAway = (fits: (one: Away) => boolean): number | undefined =>
    [...away].find(([, one]) => (phase() === 'open' || isBegun(one)) && fits(one))?.[0];

  /** What comes next here. */
  function next(): (() => Promise<void>) | null {
    if (phase() === 'aborted' || broken !== null) return null;
    const overdue = findAway(isOverdue);
    if (overdue !== undefined) return () => takeBack(overdue);
    // This loop has a lane already; what is taken back leaves its own.
    const hasLane = loops.size + elsewhere() <= lanes;
    const index = phase() === 'open' && hasLane ? waiting.shift() : undefined;
    if (index !== undefined)
      return async () => {
        const outcome = await run.runPart(index);
        run.onEnd(index, outcome);
      };
    const free = findAway(({ holder }) => holder === 'nobody');
    return free === undefined ? null : () => takeBack(free);
  }

  async function takeBack(index: number): Promise<void> {
    const one = away.get(index);
    if (one === undefined) return;
    one.holder = 'here';
    const outcome = await sharing.runHere(one.stored, running);
    // Somebody else has it, or it was handed back: the next look tells.
    if (outcome === null) return void (one.holder = 'elsewhere');
    away.delete(index);
    run.onEnd(index, outcome);
  }

  async function loop(): Promise<void> {
    // A machine that came meanwhile is given its share.
    while (loops.size <= mostLoops) {
      if (!(await sharing.canRunHere(definition))) {
        unableUntil = now() + patience;
        return;
      }
      const work = next();
      if (work === null) return;
      await work();
    }
  }

  function begin(): void {
    const done = loop()
      .catch((error: unknown) => {
        broken ??= { error };
      })
      .finally(() => {
        loops.delete(done);
        ended.resolve();
      });
    loops.add(done);
  }

  const elsewhere = (): number => [...away.values()].filter(({ holder }) => holder !== 'here').length;
  const hasWork = (): boolean =>
    phase() !== 'aborted' &&
    ((phase() === 'open' && waiting.length > 0) ||
      findAway((one) => isOverdue(one) || (one.holder === 'nobody' && waiting.length === 0)) !== undefined);

  /** Offers others their share, and begins as much here as may run here. */
  async function fill(): Promise<void> {
    const isOpen = phase() === 'open';
    const others = isOpen && (waiting.length > 0 || away.size > 0) ? await sharing.others(definition) : 0;
    const share = others === 0 ? lanes : Math.ceil(lanes / (others + 1));
    const overdue = [...away.values()].filter(isOverdue).length;
    if (overdue > 0 && share < lanes) {
      const lasts = now() >= relief.until ? Math.min(relief.lasts * 2, longestRelief) : relief.lasts;
      relief = { loops: Math.max(relief.loops, overdue), until: now() + lasts, lasts };
    } else if (now() >= relief.until) relief = { ...relief, loops: 0 };
    const isAble = sharing.mayRunHere(definition) && now() >= unableUntil;
    mostLoops = isAble ? Math.min(lanes, share + relief.loops) : 0;
    // First, since what runs here may hold up this process.
    if (isOpen && (others > 0 || !isAble)) await offer();
    // Only what is begun anew needs a free lane.
    while (
      loops.size < mostLoops &&
      hasWork() &&
      (loops.size + elsewhere() < lanes || findAway(isOverdue) !== undefined)
    )
      begin();
  }

  /** Offers what is to run at the same time, and not here. */
  async function offer(): Promise<void> {
    const freeLanes = lanes - loops.size - elsewhere();
    const own = Math.max(0, Math.min(mostLoops - loops.size, freeLanes));
    const room = Math.min(waiting.length, freeLanes) - own;
    const offered: number[] = [];
    for (let place = 0; place < waiting.length && offered.length < room;) {
      if (run.isOfferable(waiting[place] as number)) offered.push(...waiting.splice(place, 1));
      else place += 1;
    }
    if (offered.length === 0) return;
    const offers = await Promise.all(offered.map(run.offerOf));
    const stored = await sharing.offer(running, offers);
    for (const [place, index] of offered.entries()) {
      const part = stored[place];
      if (part !== undefined) away.set(index, { stored: part, holder: 'nobody', freeSince: now() });
    }
  }

  /** What is not to be run any more is nobody's to take. */
  async function close(): Promise<void> {
    for (const [index, one] of away) {
      if (one.holder !== 'nobody' && one.holder !== 'lost') continue;
      if (!isBegun(one)) {
        if (await sharing.retract(one.stored)) away.delete(index);
      } else if (phase() === 'aborted' && (await sharing.revoke(one.stored))) away.delete(index);
    }
  }

  async function look(): Promise<void> {
    const looked = [...away].filter(([, { holder }]) => holder !== 'here');
    if (looked.length === 0) return;
    const found = await sharing.look(looked.map(([, { stored }]) => stored));
    for (const [place, [index, one]] of looked.entries()) {
      const where = found[place];
      // Meanwhile it may have been taken back.
      if (where === undefined || away.get(index) !== one || one.holder === 'here') continue;
      if (where.kind === 'there') {
        if (where.holder === 'elsewhere') relief = { loops: 0, until: 0, lasts: shortestRelief };
        if (where.holder === 'nobody' && one.holder !== 'nobody') one.freeSince = now();
        one.stored = where.stored;
        one.holder = where.holder === 'here' ? 'elsewhere' : where.holder;
        continue;
      }
      away.delete(index);
      if (where.kind === 'ended') run.onEnd(index, where.outcome);
      else waiting.push(index);
    }
  }

  const release: { waits: (() => void) | null } = { waits: null };
  const tellWaiting = (isWaiting: boolean): void => {
    if (isWaiting) release.waits ??= sharing.waits();
    else {
      release.waits?.();
      release.waits = null;
    }
  };
  const wake = (): void => ended.resolve();
  run.signal.addEventListener('abort', wake);
  try {
    for (;;) {
      ended = Promise.withResolvers();
      const news = sharing.heard();
      await look();
      if (run.isOver()) return;
      const hindrance = running.cannotGoOn();
      if (hindrance !== undefined) throw hindrance;
      if (broken !== null) throw (broken as { error: unknown }).error;
      if (phase() === 'open' || (phase() === 'closing' && hasWork())) await fill();
      if (phase() !== 'open') await close();
      if (loops.size === 0 && away.size === 0 && (waiting.length === 0 || phase() !== 'open')) return;
      tellWaiting(loops.size === 0);
      await Promise.race([ended.promise, news]);
    }
  } catch (error) {
    broken ??= { error };
    await Promise.all(loops);
    throw error;
  } finally {
    run.signal.removeEventListener('abort', wake);
    tellWaiting(false);
  }
}
