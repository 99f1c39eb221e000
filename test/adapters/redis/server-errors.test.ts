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
