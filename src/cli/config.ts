import type { RegisterCommand } from './context.ts';
import { readSettings, shownSetting } from './settings.ts';
import { column, printTable } from './table.ts';

export const register: RegisterCommand = async (program, context) => {
  const { settingNames, settingsSchema, yamlKey } = await import('../config/schema.ts');
  const schemaOf = (name: (typeof settingNames)[number]) =>
    settingsSchema.properties[name] as { default?: unknown; description?: string; secret?: boolean };
  const command = program
    .command('config')
    .description('Print the settings that hold here, and where each comes from. Secrets are masked.')
    .option('--json', 'print them as JSON, for scripts');
  command.addHelpText('after', () => {
    const lines = settingNames.map((name) => {
      const { default: value, description = '' } = schemaOf(name);
      return `  ${name} (${yamlKey(name)} in batchy.yaml), default ${value === '' ? 'none' : String(value)}\n      ${description}`;
    });
    return `\nSettings, from the weakest to the strongest: default, batchy.yaml (or the file that BATCHY_CONFIG names), .env, environment, flags of serve.\n\n${lines.join('\n')}`;
  });

  command.action(async (flags: { json?: boolean }) => {
    const { settings, sources } = await readSettings(context);
    const rows = settingNames.map((setting) => {
      const value = shownSetting(settings[setting], schemaOf(setting).secret === true) as string | number | boolean;
      return { setting, value, source: sources[setting] };
    });
    if (flags.json === true)
      context.terminal.out(
        JSON.stringify(Object.fromEntries(rows.map(({ setting, ...row }) => [setting, row])), null, 2),
      );
    else await printTable(context.terminal, ['setting', 'value', 'source'].map(column), rows);
  });
};
