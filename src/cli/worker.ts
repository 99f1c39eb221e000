import type { SettingName } from '../config/schema.ts';
import type { RegisterCommand } from './context.ts';
import { readSettings } from './settings.ts';

/** Those that whoever only runs jobs has a use for. */
const workerSettings: readonly SettingName[] = [
  'REDIS_URL',
  'ALLOW_EVICTION',
  'BATCHY_DATA',
  'BATCHY_CFG',
  'JOB_CONCURRENCY',
  'CAPABILITIES',
  'QUEUES',
  'LEASE_SECONDS',
  'BLOCKED_SECONDS',
  'LOG_LEVEL',
  'SHUTDOWN_SECONDS',
];

export const register: RegisterCommand = async (program, context) => {
  const { addSettingFlags } = await import('./setting-flags.ts');
  const command = program
    .command('worker')
    .description('Run jobs that are launched on the store, without serving, until told to stop (SIGTERM, Ctrl-C).');
  const flagsOf = addSettingFlags(command, workerSettings);

  command.action(async (given: Record<string, string | true>) => {
    const { settings } = await readSettings(context, flagsOf(given));
    await context.machine.work(settings);
  });
};
