import type { Rule } from './rule.ts';

/**
 * Each write was computed from what was stored: a document's revision grows by one with each change. A revision that comes twice is an
 * update that was lost, and so a compare-and-set that was left out.
 */
export function revisionsGrow(): Rule {
  return {
    see: ({ changes }) =>
      changes.flatMap(({ collection, id, before, after }) => {
        if (after === null) return before === null ? [`${collection} ${id} was removed and was not there`] : [];
        const expected = (before?.revision ?? 0) + 1;
        return after.revision === expected
          ? []
          : [`${collection} ${id} got revision ${after.revision} where ${expected} was due`];
      }),
  };
}

/** Numbers of the journal grow. */
export function sequencesGrow(): Rule {
  let last = 0;
  return {
    see: ({ entries }) =>
      entries.flatMap(({ sequence }) => {
        const found = sequence > last ? [] : [`the journal's sequence ${sequence} comes behind ${last}`];
        last = Math.max(last, sequence);
        return found;
      }),
  };
}
