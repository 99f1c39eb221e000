import { formatInstant } from '../domain/time.ts';
import type { Preview } from '../service/batches.ts';

/** A preview as it is answered. */
export function previewFields(workflow: string, preview: Preview): Record<string, unknown> {
  return {
    workflow,
    as_of: formatInstant(preview.asOf),
    batch_id: preview.batchId,
    jobs: preview.jobs.map(({ job, window, refusal }) => ({
      job,
      from_date: window === null ? null : formatInstant(window.from),
      until: window === null ? null : formatInstant(window.until),
      rule: window?.rule ?? null,
      refused: refusal === null ? null : { code: refusal.code, detail: refusal.detail },
    })),
  };
}
