import { constants, readdirSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';

import { BatchyError } from '../../domain/errors.ts';
import { checkWorkflowName, quoteBriefly } from '../../domain/names.ts';

export interface ConfigurationFile {
  readonly fileName: string;
  readonly text: string;
}

/** The folder in which `<workflow>.yaml` or `.yml` lies. */
export interface ConfigurationFiles {
  /** @throws BatchyError `invalid-name`, `missing-configuration`, `invalid-configuration` */
  read(workflow: string): Promise<ConfigurationFile>;
  /** Names of the workflows that have a file, sorted; none when there is no folder. */
  names(): string[];
}

/** @param maxBytes larger files are refused unread */
export function createConfigurationFiles(folder: string, maxBytes: number): ConfigurationFiles {
  return {
    async read(workflow) {
      // The name is checked before it becomes part of a path; a symbolic link could lead out of the folder all the same.
      checkWorkflowName(workflow);
      for (const fileName of [`${workflow}.yaml`, `${workflow}.yml`]) {
        const text = await readRegularFile(join(folder, fileName), fileName, maxBytes);
        if (text !== null) return { fileName, text };
      }
      throw new BatchyError(
        'missing-configuration',
        `There is no ${workflow}.yaml in the configuration folder (BATCHY_CFG). Put it there, then load ${quoteBriefly(workflow)} again.`,
      );
    },
    names() {
      try {
        return [...new Set(readdirSync(folder).flatMap((file) => /^(.+)\.ya?ml$/.exec(file)?.[1] ?? []))].sort();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    },
  };
}

async function readRegularFile(path: string, fileName: string, maxBytes: number): Promise<string | null> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new BatchyError(
      'invalid-configuration',
      code === 'ELOOP'
        ? `${fileName} is a symbolic link; only regular files are read.`
        : `${fileName} cannot be opened (${code}).`,
      { cause },
    );
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new BatchyError('invalid-configuration', `${fileName} is no regular file.`);
    if (stats.size > maxBytes)
      throw new BatchyError(
        'invalid-configuration',
        `${fileName} has ${stats.size} bytes; at most ${maxBytes} are read.`,
      );
    return new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
  } catch (cause) {
    if (cause instanceof TypeError)
      throw new BatchyError('invalid-configuration', `${fileName} is not UTF-8.`, { cause });
    throw cause;
  } finally {
    await handle.close();
  }
}
