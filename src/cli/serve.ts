import type { SettingName } from '../config/schema.ts';
import type { RegisterCommand } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { readSettings } from './settings.ts';

export const register: RegisterCommand = async (program, context) => {
  const { flagName, settingNames, settingsSchema } = await import('../config/schema.ts');
  const command = program
    .command('serve')
    .description(
      'Serve over HTTP until told to stop (SIGTERM, Ctrl-C). Flags go before the environment and batchy.yaml.',
    );
  const settingOf = new Map<string, SettingName>();
  for (const name of settingNames) {
    const schema = settingsSchema.properties[name] as { type?: string; description?: string; secret?: boolean };
    // A secret in the arguments could be read by everybody on the machine.
    if (schema.secret === true) continue;
    command.option(
      `${flagName(name)} ${schema.type === 'boolean' ? '[on]' : '<value>'}`,
      `${name}: ${schema.description ?? ''}`,
    );
    settingOf.set(camelCase(flagName(name)), name);
  }

  command.action(async (given: Record<string, string | true>) => {
    const flags = Object.fromEntries(
      [...settingOf].flatMap(([option, name]) => (given[option] === undefined ? [] : [[name, given[option]]])),
    );
    const { settings } = await readSettings(context, flags);
    try {
      await context.machine.serve(settings);
    } catch (error) {
      throw listenFailure(error, settings) ?? error;
    }
  });
};

/** `--redis-url` → `redisUrl`, as commander calls it. */
function camelCase(flag: string): string {
  return flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function listenFailure(error: unknown, { HOST, PORT }: { HOST: string; PORT: number }): CommandFailure | null {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return null;
  const why =
    code === 'EADDRINUSE'
      ? 'something listens there already; stop it or choose another PORT'
      : code === 'EACCES'
        ? 'this user may not; choose a PORT above 1023'
        : (error as Error).message;
  return new CommandFailure(exits.failed, `Cannot listen on ${HOST}, port ${PORT}: ${why}.`, { cause: error });
}
