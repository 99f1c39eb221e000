/** One line's part in the room that all lines share. */
export interface Seat {
  /** Messages may come. */
  open(): void;
  /** No further message is asked for. One that was asked for already may still come. */
  shut(): void;
  /** How many messages it may have here at a time; what it has is among them. At least 1. */
  limit(messages: number): void;
  /** It may have more than it knew while it waits for an end of what it has. */
  wake(): void;
}

export interface Room {
  /** @param free how many may be taken from now on; what is here already is not among them */
  set(free: number): void;
  /** A message of that line has come. `null`: there is no place for it, and the line is shut. Otherwise what gives the place back. */
  enter(seat: Seat): (() => void) | null;
  /** That line has nothing more at this moment. */
  drained(seat: Seat): void;
  /** Nothing comes in any more. */
  close(): void;
}

interface Line {
  readonly seat: Seat;
  here: number;
  state: 'open' | 'shut' | 'turn';
  limit: number;
}

export interface RoomOptions {
  readonly seats: readonly Seat[];
  /** Calls it after that many milliseconds; what it returns calls that off. */
  readonly after: (milliseconds: number, act: () => void) => () => void;
}

/** How long a place is kept for a line that may have nothing after all, in milliseconds. */
const turnLasts = 1000;

/**
 * Shares out the room. A line that finds none is shut and waits for its turn: then a place is kept for it, so that a line with
 * much to do does not take them all. All begin shut.
 */
export function createRoom({ seats, after }: RoomOptions): Room {
  const lines = new Map(seats.map((seat): [Seat, Line] => [seat, { seat, here: 0, state: 'shut', limit: 1 }]));
  /** In the order in which they were shut. */
  const shut = new Set(lines.values());
  const turns = new Map<Line, () => void>();
  let free = 0;
  let closed = false;
  /** Who entered before the room was set anew gives nothing back. */
  let settings = 0;

  const lineOf = (seat: Seat): Line => {
    const line = lines.get(seat);
    if (line === undefined) throw new RangeError('a line that is none of these');
    return line;
  };

  function shutDown(line: Line): void {
    if (line.state === 'shut') return;
    endTurn(line);
    line.state = 'shut';
    shut.add(line);
    line.seat.shut();
  }

  function endTurn(line: Line): void {
    turns.get(line)?.();
    turns.delete(line);
    if (line.state === 'turn') line.state = 'open';
  }

  /** @param entering looks for its next message by itself */
  function shareOut(entering?: Line): void {
    if (closed) return;
    for (const line of shut) {
      if (free - turns.size <= 0) break;
      shut.delete(line);
      line.state = 'turn';
      turns.set(
        line,
        after(turnLasts, () => drainedOf(line)),
      );
      limit(line);
      line.seat.open();
    }
    for (const line of lines.values())
      if (line.state !== 'shut' && limit(line) && line !== entering && line.here > 0) line.seat.wake();
  }

  /** @returns whether it was raised */
  function limit(line: Line): boolean {
    const more = line.state === 'turn' || free - turns.size > 0 ? 1 : 0;
    const next = Math.max(1, line.here + more);
    if (next === line.limit) return false;
    const isMore = next > line.limit;
    line.limit = next;
    line.seat.limit(next);
    return isMore;
  }

  function drainedOf(line: Line): void {
    if (line.state !== 'turn') return;
    endTurn(line);
    shareOut();
  }

  return {
    set(next) {
      if (closed) return;
      settings++;
      free = Math.max(0, next);
      shareOut();
    },
    enter(seat) {
      const line = lineOf(seat);
      endTurn(line);
      if (closed || free - turns.size <= 0) {
        shutDown(line);
        shareOut();
        return null;
      }
      const entered = settings;
      free--;
      line.here++;
      shareOut(line);
      return () => {
        line.here--;
        if (entered === settings) free++;
        // It asks for its next message while it answers for this one: others may have waited longer.
        if (line.here === 0 && free - turns.size <= shut.size) shutDown(line);
        shareOut();
      };
    },
    drained: (seat) => drainedOf(lineOf(seat)),
    close() {
      closed = true;
      for (const line of lines.values()) shutDown(line);
    },
  };
}
