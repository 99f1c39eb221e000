import path from 'node:path';

/** What tells Node where it keeps what it has compiled. Of no account where that cannot be written. */
const variable = 'NODE_COMPILE_CACHE';
/** Where the service keeps it, too. */
const folder = path.resolve(import.meta.dirname, '../../../node_modules/.cache/compiled');

/** A process of a worker spends two thirds of its start on reading our TypeScript and its own, unless what came of that is kept. */
export const keepsCompiled: Readonly<Record<string, string>> = { [variable]: folder };

/** Takes that back, within the process, so that programs which the worker starts know nothing of it. */
export function tellNobodyOfCompiled(environment: NodeJS.ProcessEnv): void {
  if (environment[variable] === folder) delete environment[variable];
}
