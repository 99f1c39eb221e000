import { IANAZone } from 'luxon';
import { type Instant, instantFromMilliseconds, splitInstant } from '../time.ts';

/** Which way a time is rounded that a format cannot hold: a lower bound `down`, an upper bound `up`. */
export type Outwards = 'down' | 'up';

const millisecondsPerHour = 3_600_000;
/** No two changes of a zone's offset have ever been this close. */
const sampleStep = 3 * millisecondsPerHour;
/** Offsets lie within ±16 h, so that a wall clock's readings lie within this of the same clock read as UTC. */
const reach = 18 * millisecondsPerHour;

/**
 * The instant nearest to `instant`, outwards, that a local time without an offset says for certain.
 *
 * A reader of `11/01/2026 01:30:00` in New York may take either of two instants, and may compare it with columns that hold
 * local times as well. So the local time that is written must not lie after (`up`: before) the instant **in any reading**:
 * - `down`, in the first of two equal hours: the second reading is too late, for each moment of that hour, so the last
 *   local time before the hour that comes twice is taken; in the second of them its own local time will do, the other
 *   reading being earlier;
 * - `up` the other way round: in the first hour its own local time, in the second the first time after both.
 * Rounding is done on instants, so that a local time which never was (02:00 in spring) is not written either.
 *
 * @param unit the finest part that the format holds, in nanoseconds (a divisor of a second)
 * @returns an instant on a whole `unit`; its local time is what is to be written
 */
export function certainInstant(instant: Instant, zoneName: string, unit: bigint, outwards: Outwards): Instant {
  let candidate = roundToUnit(instant, unit, outwards);
  if (zoneName === 'UTC') return candidate;
  const zone = IANAZone.create(zoneName);
  for (;;) {
    const { milliseconds } = splitInstant(candidate);
    const others = readings(milliseconds, zone).filter((reading) =>
      outwards === 'down' ? reading > milliseconds : reading < milliseconds,
    );
    const other = others[0];
    if (other === undefined) return candidate;
    const [earlier, later] = other < milliseconds ? [other, milliseconds] : [milliseconds, other];
    const change = firstWithOffsetOf(later, earlier, zone);
    const repeated = later - earlier;
    const edge = instantFromMilliseconds(outwards === 'down' ? change - repeated : change + repeated);
    candidate = outwards === 'down' ? roundToUnit(edge, unit, 'down') - unit : roundToUnit(edge, unit, 'up');
  }
}

/** The local time in `zone` as milliseconds, read as though it were UTC. */
export function wallClock(milliseconds: number, zoneName: string): number {
  return milliseconds + offsetAt(milliseconds, IANAZone.create(zoneName));
}

function roundToUnit(instant: Instant, unit: bigint, outwards: Outwards): Instant {
  const beyond = ((instant % unit) + unit) % unit;
  if (beyond === 0n) return instant;
  return outwards === 'down' ? instant - beyond : instant - beyond + unit;
}

/** All instants (milliseconds) at which clocks show what they show at `milliseconds`. */
function readings(milliseconds: number, zone: IANAZone): number[] {
  const wall = milliseconds + offsetAt(milliseconds, zone);
  const offsets = new Set<number>();
  for (let at = wall - reach; at <= wall + reach; at += sampleStep) offsets.add(offsetAt(at, zone));
  return [...offsets].map((offset) => wall - offset).filter((reading) => wall - offsetAt(reading, zone) === reading);
}

/** The first millisecond after `before` from which the offset of `until` holds. */
function firstWithOffsetOf(until: number, before: number, zone: IANAZone): number {
  const offset = offsetAt(until, zone);
  let left = before;
  let right = until;
  while (right - left > 1) {
    const middle = Math.floor((left + right) / 2);
    if (offsetAt(middle, zone) === offset) right = middle;
    else left = middle;
  }
  return right;
}

/** Milliseconds east of UTC; whole seconds, as local mean times of old had. */
function offsetAt(milliseconds: number, zone: IANAZone): number {
  return Math.round(zone.offset(milliseconds) * 60) * 1000;
}
