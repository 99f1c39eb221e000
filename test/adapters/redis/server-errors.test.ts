import { ReplyError } from 'ioredis';
import { describe, expect, it } from 'vitest';

import { judge } from '../../../src/adapters/redis/server-errors.ts';

describe('what nobody expected of Redis or its driver', () => {
  const reply = new (ReplyError as unknown as new (text: string) => Error)('ERR strange things happen');

  it.each([
    ['an answer of unknown code', reply, 'ERR strange things happen'],
    ['an answer that cannot be read', new TypeError('x is not iterable'), 'x is not iterable'],
    ['a long one, shortened', new RangeError('y'.repeat(100)), `${'y'.repeat(60)}…`],
  ])('is quoted, since an execution keeps the words and not the log: %s', (_what, error, said) => {
    const verdict = judge(error);
    expect(verdict).toMatchObject({
      code: 'internal',
      message: `Redis or its driver answered with what was not expected: "${said}".`,
      cause: error,
    });
  });
});

describe('what was to be carried out together, and was discarded as a whole', () => {
  const reply = (text: string) => new (ReplyError as unknown as new (text: string) => Error)(text);
  const discarded = (...refusals: string[]) =>
    Object.assign(reply('EXECABORT Transaction discarded because of previous errors.'), {
      previousErrors: refusals.map(reply),
    });

  it.each([
    ['LOADING Redis is loading the dataset in memory', 'starting'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'starting'],
    ["READONLY You can't write against a read only replica.", 'replica'],
  ])('is judged by the first refusal: %s', (refusal, verdict) => {
    expect(judge(discarded(refusal, 'ERR something that follows from it'))).toBe(verdict);
  });

  it('is judged by the first refusal: OOM', () => {
    const refusal = "OOM command not allowed when used memory > 'maxmemory'.";
    expect(judge(discarded(refusal, refusal))).toMatchObject({ code: 'store-full', cause: { message: refusal } });
  });

  it('is what nobody expected where no refusal came with it', () => {
    expect(judge(discarded())).toMatchObject({ code: 'internal' });
  });
});
