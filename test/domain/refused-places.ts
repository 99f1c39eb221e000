import { BatchyError, type ErrorCode } from '../../src/domain/errors.ts';

/** Pointer and detail of each place that `work` is refused for; fails when it is not, or with another code. */
export function refusedPlaces(code: ErrorCode, work: () => unknown): [pointer: string, detail: string][] {
  try {
    work();
  } catch (error) {
    if (error instanceof BatchyError && error.code === code)
      return error.places.map(({ pointer, detail }) => [pointer, detail]);
    throw error;
  }
  throw new Error(`not refused with ${code}`);
}
