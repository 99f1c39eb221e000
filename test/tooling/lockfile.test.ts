import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { entriesWithHost, missingEntries, platformOf, type Lockfile } from '../../scripts/complete-lockfile.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): unknown => JSON.parse(readFileSync(path.join(root, file), 'utf8'));

describe('the lockfile', () => {
  const lock = read('package-lock.json') as Lockfile & {
    packages: Record<string, { hasInstallScript?: boolean }>;
  };

  it('is complete for every platform and names no registry', () => {
    expect(Object.keys(missingEntries(lock))).toEqual([]);
    expect(entriesWithHost(lock)).toEqual([]);
  });

  it('lets only reviewed packages run install scripts', () => {
    const withScript = Object.entries(lock.packages).flatMap(([place, entry]) =>
      entry.hasInstallScript ? [place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)] : [],
    );
    const { allowScripts } = read('package.json') as { allowScripts: Record<string, boolean> };
    expect(withScript.filter((name) => !(name in allowScripts))).toEqual([]);
    expect(Object.keys(allowScripts).filter((name) => allowScripts[name])).toEqual(['node']);
  });
});

describe('completing a lockfile', () => {
  const parent = { version: '1.0.0', dev: true, optionalDependencies: { '@x/core-linux-arm64-musl': '1.0.0' } };

  it('adds what an optional dependency lacks, with its platform', () => {
    const lock: Lockfile = { packages: { '': {}, 'node_modules/x': parent } };
    expect(missingEntries(lock)).toEqual({
      'node_modules/@x/core-linux-arm64-musl': {
        version: '1.0.0',
        os: ['linux'],
        cpu: ['arm64'],
        libc: ['musl'],
        dev: true,
        optional: true,
      },
    });
  });

  it.each(['node_modules/@x/core-linux-arm64-musl', 'node_modules/x/node_modules/@x/core-linux-arm64-musl'])(
    'adds nothing when it stands at %s',
    (place) => {
      const lock: Lockfile = { packages: { 'node_modules/x': parent, [place]: { version: '1.0.0' } } };
      expect(missingEntries(lock)).toEqual({});
    },
  );

  it('refuses a range, since it cannot know which version is meant', () => {
    const lock: Lockfile = { packages: { 'node_modules/x': { optionalDependencies: { y: '^1.0.0' } } } };
    expect(() => missingEntries(lock)).toThrow('y ^1.0.0');
  });

  it.each([
    ['@oxlint-tsgolint/win32-x64', { os: ['win32'], cpu: ['x64'] }],
    ['@oxfmt/binding-win32-x64-msvc', { os: ['win32'], cpu: ['x64'] }],
    ['lightningcss-linux-arm-gnueabihf', { os: ['linux'], cpu: ['arm'], libc: ['glibc'] }],
    ['fsevents', {}],
  ])('reads the platform of %s', (name, platform) => {
    expect(platformOf(name)).toEqual(platform);
  });
});
