import { bringPostgres } from './bring-postgres.ts';
import { bringRedis } from './bring-redis.ts';

/**
 * Runs once, before any suite is read: brings what the suites need and the machine lacks. Where that fails, a developer
 * gets the other suites and a warning that cannot be overlooked; under `CI` it is a failure, since a check that was
 * skipped proves nothing.
 */
export default async function bringServers(): Promise<void> {
  await bring('REDIS', bringRedis);
  await bring('POSTGRESQL', bringPostgres);
}

async function bring(name: string, server: () => Promise<unknown>): Promise<void> {
  try {
    await server();
  } catch (error) {
    if (process.env['CI'] && process.env['CI'] !== 'false') throw error;
    const line = '!'.repeat(100);
    console.warn(`${line}\nALL SUITES ON A REAL ${name} ARE SKIPPED: ${reason(error)}\n${line}`);
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}\n${error.cause.message}` : error.message;
}
