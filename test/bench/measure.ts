/** What one row of the table says: ours against its peer, measured in turns in the same run. */
export interface Row {
  /** Of the group of rows that `--only` names. */
  readonly group: string;
  readonly name: string;
  readonly ours: string;
  readonly peer: string;
  /** Median of the rounds' ratios, ours through peer; `null` where nothing was measured. */
  readonly ratio: number | null;
  /** The least and the greatest ratio of a round. */
  readonly spread: readonly [number, number] | null;
  readonly reach: Reach | null;
  /** What a reader must know to read the row; empty for nothing. */
  readonly note: string;
}

export interface Reach {
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Default: the ratio is held against it. */
  readonly unit?: string;
}

/** What a round gave, ours and the peer's, taken one after the other. */
export interface Rounds<T = number> {
  readonly ours: readonly T[];
  readonly peer: readonly T[];
}

/** How often to measure, and how often before that for nothing: until both have compiled what they run. */
export interface RoundCount {
  readonly warmUp: number;
  readonly rounds: number;
}

/** For rows in which two servers are asked: compiling takes them some seconds of load. */
export function serverRounds(quick: boolean): RoundCount {
  return quick ? { warmUp: 1, rounds: 3 } : { warmUp: 10, rounds: 15 };
}

/** Takes turns, so that whatever else the machine does falls on both; who begins changes with every round. */
export async function alternate<T>(
  { warmUp, rounds }: RoundCount,
  ours: () => Promise<T>,
  peer: () => Promise<T>,
): Promise<Rounds<T>> {
  const figures = { ours: [] as T[], peer: [] as T[] };
  for (let round = -warmUp; round < rounds; round += 1) {
    const oursFirst = round % 2 === 0;
    const first = await (oursFirst ? ours : peer)();
    const second = await (oursFirst ? peer : ours)();
    if (round < 0) continue;
    figures.ours.push(oursFirst ? first : second);
    figures.peer.push(oursFirst ? second : first);
  }
  return figures;
}

/** One of the figures that each round gave. */
export function pick<T>({ ours, peer }: Rounds<T>, figureOf: (round: T) => number): Rounds {
  return { ours: ours.map(figureOf), peer: peer.map(figureOf) };
}

/** @throws RangeError for no figures */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  if (low === undefined || high === undefined) throw new RangeError('no figures');
  return (low + high) / 2;
}

export interface RowOptions {
  readonly group: string;
  readonly name: string;
  /** `null` where it is there to compare with. */
  readonly reach: Reach | null;
  /** How a figure is written, with its unit. */
  readonly format: (figure: number) => string;
  readonly note?: string;
}

export function rowOf({ ours, peer }: Rounds, { group, name, reach, format, note = '' }: RowOptions): Row {
  const ratios = ours.map((figure, round) => figure / (peer[round] ?? Number.NaN));
  return {
    group,
    name,
    ours: format(median(ours)),
    peer: format(median(peer)),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    reach,
    note,
  };
}

export function perSecond(figure: number): string {
  return `${Math.round(figure).toLocaleString('en')}/s`;
}

export function milliseconds(figure: number): string {
  return `${figure < 10 ? figure.toFixed(2) : Math.round(figure)} ms`;
}

export function megabytes(figure: number): string {
  return `${Math.round(figure)} MB`;
}
