import { describe, expect, it } from 'vitest';

import { createLastWritten } from '../../../src/adapters/redis/last-written.ts';
import { change } from '../../contract/fixtures.ts';

const head = (text: string): ReadonlyMap<string, string> => new Map([['job1', text]]);
const written = (before: string | null, after: string, text = '{}') =>
  change({
    name: 'wf1',
    expected: { head: before === null ? null : head(text), ledger: before },
    head: head(text),
    ledger: after,
  });

describe('what was written last', () => {
  it('is recalled from the second change in a row on', () => {
    const last = createLastWritten();
    last.wrote(written(null, 'one'));
    expect(last.recall('wf1')).toBeNull();
    last.wrote(written('one', 'two'));
    expect(last.recall('wf1')).toEqual({ head: head('{}'), ledger: 'two' });
    expect(last.recall('wf2')).toBeNull();
  });

  it('is read where others write as well', () => {
    const last = createLastWritten();
    last.wrote(written(null, 'one'));
    last.wrote(written('of another', 'two'));
    expect(last.recall('wf1')).toBeNull();
  });

  it('is not recalled once it is in doubt, nor when it is large or gone', () => {
    const last = createLastWritten();
    last.wrote(written(null, 'one'));
    last.wrote(written('one', 'two'));
    last.doubt('wf1');
    expect(last.recall('wf1')).toBeNull();
    last.wrote(written('two', 'three'));
    expect(last.recall('wf1')?.ledger).toBe('three');
    last.wrote(written('three', 'four', `"${'x'.repeat(10_000)}"`));
    expect(last.recall('wf1')).toBeNull();
    last.wrote(written('four', 'five'));
    last.wrote(written('five', 'six'));
    last.wrote({ ...written('six', 'seven'), head: null });
    expect(last.recall('wf1')).toBeNull();
  });
});
