import type { RegisterCommand } from './context.ts';
import { CommandFailure, exits } from './exit-codes.ts';
import { readSettings } from './settings.ts';

export const register: RegisterCommand = async (program, context) => {
  const { addSettingFlags } = await import('./setting-flags.ts');
  const command = program
    .command('serve')
    .description(
      'Serve over HTTP until told to stop (SIGTERM, Ctrl-C). Flags go before the environment and batchy.yaml.',
    );
  const flagsOf = addSettingFlags(command);

  command.action(async (given: Record<string, string | true>) => {
    const { settings } = await readSettings(context, flagsOf(given));
    try {
      await context.machine.serve(settings);
    } catch (error) {
      throw listenFailure(error, settings) ?? error;
    }
  });
};

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
