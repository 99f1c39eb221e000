import { stringifyJson } from './json.ts';
import { parseStoredObject, storedFields } from './stored-fields.ts';
import { formatInstant, type Instant } from './time.ts';

/**
 * Who runs an execution. The revision of its document is the fencing token, which grows when somebody takes or gives up the
 * lease, and only then: it is never removed while its execution may still run, for a new one would begin at 1 again.
 */
export interface Lease {
  readonly executionId: number;
  /** The conductor's id; `null`: nobody's, any may take it. */
  readonly conductor: string | null;
  /** When this conductor took it; told to people, never compared with a clock. */
  readonly takenAt: Instant;
}

export function encodeLease(lease: Lease): string {
  return stringifyJson({
    job_execution_id: lease.executionId,
    conductor: lease.conductor,
    taken_at: formatInstant(lease.takenAt),
  });
}

/** @throws BatchyError `foreign-data` for text that `encodeLease` did not write */
export function decodeLease(text: string): Lease {
  const what = 'the lease of an execution';
  const fields = storedFields(parseStoredObject(text, what), what);
  return {
    executionId: fields.count('job_execution_id'),
    conductor: fields.textOrNull('conductor'),
    takenAt: fields.instant('taken_at'),
  };
}
