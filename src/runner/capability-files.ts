import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { provideAuthoringImport } from './authoring-import.ts';
import type { Capability } from './capability.ts';
import { type BrokenJobFile, brokenBy, brokenFile } from './job-file-problem.ts';

/** What a folder of capabilities defines. */
export interface LoadedCapabilities {
  readonly capabilities: readonly Capability[];
  readonly broken: readonly BrokenJobFile[];
}

export interface CapabilityFileOptions {
  /** Told before each file is read: a file that ends or blocks its process is found by who was told last. */
  readonly beginning: (file: string) => void;
  /** Files that are not to be read, and why. */
  readonly withheld: ReadonlyMap<string, string>;
}

const codeFile = /\.(?:ts|js|mts|mjs)$/;

/**
 * Reads the capabilities that the files beside a folder of jobs export (`../capabilities/*.ts`). What is wrong with a file does not keep the
 * others. No folder is none. Files are named as they are seen from the folder of jobs.
 */
export async function loadCapabilityFiles(
  jobsFolder: string,
  { beginning, withheld }: CapabilityFileOptions,
): Promise<LoadedCapabilities> {
  provideAuthoringImport();
  const capabilities = new Map<string, Capability & { readonly file: string }>();
  const broken: BrokenJobFile[] = [];
  for (const file of await codeFilesIn(jobsFolder)) {
    const reason = withheld.get(file);
    if (reason !== undefined) {
      broken.push(brokenFile(file, reason));
      continue;
    }
    beginning(file);
    try {
      const exported = (await import(pathToFileURL(path.join(jobsFolder, file)).href)) as object;
      const found = new Set(Object.values(exported).filter(isCapability));
      if (found.size === 0)
        throw new Error("it exports no capability: export const gpu = defineCapability('gpu') from batchy");
      for (const capability of found) {
        const other = capabilities.get(capability.name);
        if (other !== undefined) throw new Error(`${capability.name} is defined in ${other.file} already`);
        capabilities.set(capability.name, { ...capability, file });
      }
    } catch (error) {
      broken.push(await brokenBy(error, jobsFolder, file));
    }
  }
  return { capabilities: [...capabilities.values()], broken };
}

async function codeFilesIn(jobsFolder: string): Promise<string[]> {
  try {
    const entries = await readdir(path.join(jobsFolder, '../capabilities'), { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && codeFile.test(entry.name) && !entry.name.endsWith('.d.ts'))
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('.'))
      .sort()
      .map((name) => `../capabilities/${name}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function isCapability(value: unknown): value is Capability {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'capability';
}
