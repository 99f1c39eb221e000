import { describe, expect, it } from 'vitest';

import { CommandFailure, commandFailure, exitCodes, exitOfProblem, exits } from '../../src/cli/exit-codes.ts';
import { BatchyError, errorCodes } from '../../src/domain/errors.ts';
import { problemKinds } from '../../src/http/problems.ts';

describe('exit codes', () => {
  it.each(errorCodes)('%s ends as its HTTP status lets a script expect', (code) => {
    const expected: Record<number, number[]> = {
      404: [exits.usage],
      409: [exits.conflict],
      412: [exits.conflict],
      401: [exits.failed],
      500: [exits.failed, exits.usage],
    };
    const allowed = expected[problemKinds[code].status] ?? Object.values(exits);
    expect(allowed).toContain(exitCodes[code]);
    expect(exitCodes[code]).not.toBe(exits.ok);
  });

  it('goes by the type of a problem, and by the status where the type is unknown', () => {
    expect(exitOfProblem('idempotency-mismatch', 422)).toBe(exits.conflict);
    expect(exitOfProblem('never-heard-of', 409)).toBe(exits.conflict);
    expect(exitOfProblem('toString', 500)).toBe(exits.failed);
    expect([404, 422, 412, 503, 500, 403].map((status) => exitOfProblem(null, status))).toEqual([2, 2, 3, 4, 1, 1]);
  });

  it('keeps the words and places of an error, and lets a defect through', () => {
    const places = [{ pointer: '/job1', detail: 'is no map' }];
    const failure = commandFailure(new BatchyError('invalid-setting', 'PORT is wrong.', { places }));
    expect(failure).toMatchObject({ exit: exits.usage, message: 'PORT is wrong.', code: 'invalid-setting', places });
    expect(commandFailure(failure)).toBe(failure);
    expect(failure).toBeInstanceOf(CommandFailure);
    expect(() => commandFailure(new TypeError('a defect'))).toThrow('a defect');
  });
});
