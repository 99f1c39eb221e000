import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * `npm install` drops from the lockfile the binaries of other platforms that its registry does not carry, and then
 * `npm ci` refuses the lockfile as incomplete. This adds them again; run it after each change of a dependency.
 * With `--check` it changes nothing, names what is wrong and exits 1. It asks no registry, so what it adds bears no
 * integrity: npm takes that from the registry when somebody installs on such a platform.
 */

/** As far as we read it: https://docs.npmjs.com/cli/configuring-npm/package-lock-json, version 3. */
export interface LockedPackage {
  version?: string;
  resolved?: string;
  integrity?: string;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  dev?: boolean;
  devOptional?: boolean;
  peer?: boolean;
  optional?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

export interface Lockfile {
  packages: Record<string, LockedPackage>;
}

/** Entries, by their place in the lockfile, that an optional dependency asks for and the lockfile lacks. */
export function missingEntries(lock: Lockfile): Record<string, LockedPackage> {
  const missing: Record<string, LockedPackage> = {};
  for (const [place, parent] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      if (isLocked(lock, place, name)) continue;
      if (!/^\d+\.\d+\.\d+/.test(version)) {
        throw new Error(
          `${place || 'package.json'} asks for ${name} ${version}, no exact version: npm install ${name}`,
        );
      }
      missing[`node_modules/${name}`] = {
        version,
        ...platformOf(name),
        ...(parent.dev ? { dev: true } : {}),
        ...(parent.devOptional ? { devOptional: true } : {}),
        ...(parent.peer ? { peer: true } : {}),
        optional: true,
      };
    }
  }
  return missing;
}

/** Places whose entry names the registry that it came from. */
export function entriesWithHost(lock: Lockfile): string[] {
  return Object.entries(lock.packages).flatMap(([place, entry]) => (entry.resolved === undefined ? [] : [place]));
}

/** Node's rule: a dependency is looked for beside its parent, then in each folder above. */
function isLocked(lock: Lockfile, place: string, name: string): boolean {
  for (let folder = place; ; folder = folder.replace(/\/?node_modules\/(@[^/]+\/)?[^/]+$/, '')) {
    if (`${folder}${folder && '/'}node_modules/${name}` in lock.packages) return true;
    if (folder === '') return false;
  }
}

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];
const libraries = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' } as const;

/** What the name of a binary's package says about the platform: `@oxlint/binding-linux-arm64-musl`. */
export function platformOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> {
  const words = name.slice(name.lastIndexOf('/') + 1).split('-');
  const os = words.filter((word) => systems.includes(word));
  const cpu = words.filter((word) => processors.includes(word));
  const libc = Object.entries(libraries).flatMap(([word, library]) => (words.includes(word) ? [library] : []));
  const libcCounts = os.includes('linux') && libc.length > 0;
  return {
    ...(os.length > 0 ? { os } : {}),
    ...(cpu.length > 0 ? { cpu } : {}),
    ...(libcCounts ? { libc } : {}),
  };
}

if (import.meta.main) {
  const file = path.resolve(import.meta.dirname, '../package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8')) as Lockfile;
  const missing = missingEntries(lock);
  const hosts = entriesWithHost(lock);
  if (process.argv.includes('--check')) {
    for (const place of Object.keys(missing)) console.error(`package-lock.json lacks ${place}`);
    for (const place of hosts) console.error(`package-lock.json names a registry's host at ${place}`);
    if (hosts.length > 0 || Object.keys(missing).length > 0) {
      console.error('run `npm run lockfile:complete`');
      process.exitCode = 1;
    }
  } else {
    for (const place of hosts) delete lock.packages[place]?.resolved;
    const sorted = Object.entries({ ...lock.packages, ...missing }).toSorted(([a], [b]) => a.localeCompare(b, 'en'));
    lock.packages = Object.fromEntries(sorted);
    writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
    console.log(`added ${Object.keys(missing).length} entries, removed ${hosts.length} hosts`);
  }
}
