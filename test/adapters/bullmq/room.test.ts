import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRoom, type Room, type Seat } from '../../../src/adapters/bullmq/room.ts';

interface NotedSeat extends Seat {
  isOpen: boolean;
  most: number;
  woken: number;
}

function seat(): NotedSeat {
  return {
    isOpen: false,
    most: 1,
    woken: 0,
    open() {
      this.isOpen = true;
    },
    shut() {
      this.isOpen = false;
    },
    limit(messages) {
      this.most = messages;
    },
    wake() {
      this.woken++;
    },
  };
}

describe('the room that lines share', () => {
  let seats: readonly [NotedSeat, NotedSeat, NotedSeat];
  let timers: Set<() => void>;
  let room: Room;

  beforeEach(() => {
    seats = [seat(), seat(), seat()];
    timers = new Set();
    room = createRoom({
      seats,
      after: (_milliseconds, act) => {
        timers.add(act);
        return () => timers.delete(act);
      },
    });
  });

  const open = () => seats.map(({ isOpen }) => isOpen);
  const runTimers = () => {
    for (const act of timers) {
      timers.delete(act);
      act();
    }
  };

  it('is none at first', () => {
    expect(open()).toEqual([false, false, false]);
    expect(room.enter(seats[0])).toBeNull();
  });

  it('is offered to one line after the other, until all are known to have nothing', () => {
    room.set(1);
    expect(open()).toEqual([true, false, false]);
    room.drained(seats[0]);
    expect(open()).toEqual([true, true, false]);
    runTimers();
    expect(open()).toEqual([true, true, true]);
  });

  it('shrinks with what enters, and is given back', () => {
    room.set(2);
    const leave = room.enter(seats[0]);
    expect(room.enter(seats[1])).not.toBeNull();
    expect(room.enter(seats[0])).toBeNull();
    leave?.();
    runTimers();
    expect(room.enter(seats[2])).not.toBeNull();
    expect(room.enter(seats[1])).toBeNull();
  });

  it('that was set anew grows by nothing that entered before', () => {
    room.set(1);
    const leave = room.enter(seats[0]);
    room.set(0);
    leave?.();
    expect(room.enter(seats[0])).toBeNull();
  });

  it('is kept for the line that was turned away', () => {
    room.set(1);
    room.drained(seats[0]);
    room.drained(seats[1]);
    room.drained(seats[2]);
    const leave = room.enter(seats[0]);
    expect(room.enter(seats[1])).toBeNull();
    leave?.();
    expect(open()).toEqual([false, true, true]);
    expect(room.enter(seats[2])).toBeNull();
    expect(room.enter(seats[1])).not.toBeNull();
  });

  it('lets a line that is busy have one more, and wakes it for that', () => {
    room.set(1);
    expect(seats[0].most).toBe(1);
    room.enter(seats[0]);
    room.set(5);
    runTimers();
    expect(seats[0].most).toBe(2);
    expect(seats[0].woken).toBe(1);
  });

  it('is none again once it is closed', () => {
    room.set(3);
    room.close();
    room.set(3);
    expect(open()).toEqual([false, false, false]);
    expect(room.enter(seats[0])).toBeNull();
  });

  it('is never overrun, and never withheld for good', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), free: fc.nat(4) }),
      fc.record({ kind: fc.constant('enter' as const), line: fc.nat(2) }),
      fc.record({ kind: fc.constant('leave' as const), index: fc.nat(5) }),
      fc.record({ kind: fc.constant('drained' as const), line: fc.nat(2) }),
      fc.record({ kind: fc.constant('time' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const its = [seat(), seat(), seat()];
        const due = new Set<() => void>();
        const shared = createRoom({
          seats: its,
          after: (_milliseconds, act) => {
            due.add(act);
            return () => due.delete(act);
          },
        });
        let free = 0;
        let setting = 0;
        const inside: { readonly leave: () => void; readonly setting: number }[] = [];
        const time = () => {
          for (const act of due) {
            due.delete(act);
            act();
          }
        };
        const enter = (line: NotedSeat) => {
          const leave = shared.enter(line);
          if (leave === null) return false;
          free--;
          inside.push({ leave, setting });
          return true;
        };
        for (const each of steps) {
          if (each.kind === 'set') {
            free = each.free;
            setting++;
            shared.set(each.free);
          }
          if (each.kind === 'enter') enter(its[each.line] ?? seat());
          if (each.kind === 'drained') shared.drained(its[each.line] ?? seat());
          if (each.kind === 'time') time();
          if (each.kind === 'leave') {
            const [left] = inside.splice(each.index, 1);
            if (left?.setting === setting) free++;
            left?.leave();
          }
          expect(free).toBeGreaterThanOrEqual(0);
        }
        for (let round = 0; round < its.length; round++) time();
        if (free > 0) expect(its.map(({ isOpen }) => isOpen)).toEqual([true, true, true]);
        for (const line of its) if (free > 0) expect(enter(line)).toBe(true);
      }),
    );
  });
});
