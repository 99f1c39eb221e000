import { existsSync } from 'node:fs';
import path from 'node:path';

import type { LoadedSettings } from '../config/load.ts';
import type { SettingName } from '../config/schema.ts';
import type { CliContext } from './context.ts';

/**
 * The settings as `serve` would take them. They lie in the folder in which the command was started when that has a
 * `batchy.yaml` (`batchy init` makes one), else beside Batchy's own package.json.
 * @throws BatchyError `invalid-setting`
 */
export async function readSettings(
  { environment, workingFolder }: Pick<CliContext, 'environment' | 'workingFolder'>,
  flags: Readonly<Partial<Record<SettingName, unknown>>> = {},
): Promise<LoadedSettings> {
  const { loadSettings, projectFolder } = await import('../config/load.ts');
  const folder = existsSync(path.join(workingFolder, 'batchy.yaml')) ? workingFolder : projectFolder;
  return loadSettings({ folder, environment, flags });
}

/** A setting's value as it may be shown: nobody's secret ends up in a terminal's scrollback. */
export function shownSetting(value: unknown, isSecret: boolean): unknown {
  if (isSecret) return value === '' ? '' : '***';
  if (typeof value !== 'string') return value;
  // Of an address with credentials, all but the passwords is of use; the sentinels' own stands behind it.
  return value.replace(/(:\/\/[^/?#\s]*?:)[^/?#\s]*@/g, '$1***@').replaceAll(/([?&][^=&]*password=)[^&]*/gi, '$1***');
}
