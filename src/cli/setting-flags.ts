import type { Command } from 'commander';

import { flagName, type SettingName, settingNames, settingsSchema } from '../config/schema.ts';

/** Gives a command a flag for each of the settings but secrets. @returns the settings that were given, of commander's options */
export function addSettingFlags(
  command: Command,
  names: readonly SettingName[] = settingNames,
): (given: Readonly<Record<string, string | true>>) => Partial<Record<SettingName, string | true>> {
  const settingOf = new Map<string, SettingName>();
  for (const name of names) {
    const schema = settingsSchema.properties[name] as { type?: string; description?: string; secret?: boolean };
    // A secret in the arguments could be read by everybody on the machine.
    if (schema.secret === true) continue;
    command.option(
      `${flagName(name)} ${schema.type === 'boolean' ? '[on]' : '<value>'}`,
      `${name}: ${schema.description ?? ''}`,
    );
    settingOf.set(camelCase(flagName(name)), name);
  }
  return (given) =>
    Object.fromEntries(
      [...settingOf].flatMap(([option, name]) => (given[option] === undefined ? [] : [[name, given[option]]])),
    );
}

/** `--redis-url` → `redisUrl`, as commander calls it. */
function camelCase(flag: string): string {
  return flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
