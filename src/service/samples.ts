import { BatchyError } from '../domain/errors.ts';
import type { Workflows } from './workflows.ts';

/** Into an empty store only: what a team has loaded is never overwritten by a start. @param names of the configuration files */
export async function loadSamples(
  workflows: Workflows,
  names: readonly string[],
  log: { info(message: string): void; warn(message: string): void },
): Promise<void> {
  const existing = await workflows.list({
    sort: 'name',
    descending: false,
    status: null,
    prefix: '',
    after: null,
    limit: 1,
  });
  if (existing.length > 0) return;
  for (const name of names) {
    try {
      await workflows.load(
        name,
        { mode: 'replace', force: false, reason: 'loaded at the first start' },
        { name: 'batchy', idempotency: null },
        () => ({ status: 200, headers: {}, body: '' }),
      );
      log.info(`loaded ${name}`);
    } catch (error) {
      if (!(error instanceof BatchyError)) throw error;
      log.warn(`${name} was not loaded: ${error.detail}`);
    }
  }
}
