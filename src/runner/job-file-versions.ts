import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What job files are made of, as far as their imports tell: their own text and that of the helpers that they import. */
export interface JobFileVersions {
  /** Of a file of code that has been imported. @param file its whole path */
  ofCode(file: string): string;
  /** Looks at no more imports. */
  end(): void;
}

/** Of a file that imports nothing it is the beginning of what `sha256sum` says. */
export function versionOfText(text: string | Uint8Array): string {
  return shortened(digestOf(text));
}

/**
 * Looks at what is imported from now on, at the very texts that are run: a file that is saved in the moment in which it is read
 * counts as the one or the other, and so is told. Packages and Batchy itself have versions of their own.
 */
export function watchJobFileVersions(): JobFileVersions {
  /** By address. */
  const digests = new Map<string, string>();
  const imports = new Map<string, Set<string>>();
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      // What is asked for by its whole path may lie behind a link.
      const from = isOwn(context.parentURL) ? context.parentURL : specifier;
      if (isOwn(resolved.url)) imports.set(from, (imports.get(from) ?? new Set()).add(resolved.url));
      return resolved;
    },
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (isOwn(url)) digests.set(url, digestOf(sourceOf(loaded.source) ?? readFileSync(fileURLToPath(url))));
      return loaded;
    },
  });

  /** All that it imports, however deep, itself among them. */
  function partsOf(url: string): ReadonlySet<string> {
    const parts = new Set([url]);
    // What is added while they are gone through is gone through as well.
    for (const part of parts) for (const imported of imports.get(part) ?? []) parts.add(imported);
    return parts;
  }

  return {
    ofCode(file) {
      const known = [...partsOf(pathToFileURL(file).href)].flatMap((url) => digests.get(url) ?? []);
      const [only = ''] = known;
      // Without their names: a mount that is swapped has others for the same files.
      return known.length === 1 ? shortened(only) : versionOfText(known.toSorted().join('\n'));
    },
    end: () => hooks.deregister(),
  };
}

/** As long as a version is told: enough to tell any two apart that a job ever has. */
const shownDigits = 12;
const ownProgram = new URL('../', import.meta.url).href;

function isOwn(url: string | undefined): url is string {
  return url?.startsWith('file:') === true && !url.startsWith(ownProgram) && !url.includes('/node_modules/');
}

function sourceOf(source: string | ArrayBuffer | NodeJS.TypedArray | null | undefined): string | Uint8Array | null {
  if (source === null || source === undefined || typeof source === 'string') return source ?? null;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}

function digestOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

function shortened(digest: string): string {
  return digest.slice(0, shownDigits);
}
