import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { isReadableByOthers, type KeyFileEntry, readKeyFile, updateKeyFile } from '../../src/config/key-file.ts';

function entry(name: string): KeyFileEntry {
  return { name, scope: 'read', hash: `hash of ${name}`, previous: null, createdAt: '2026-11-21T00:00:00.000000' };
}

describe('the file of API keys', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-keys-'));
    file = path.join(folder, 'data', 'keys.json');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('holds no keys before there is one', () => {
    expect(readKeyFile(file)).toEqual([]);
  });

  it('keeps what it is given, for its owner only, and leaves nothing else behind', async () => {
    const rotated = { ...entry('b'), previous: { hash: 'old', until: '2026-11-22T00:00:00.000000' } };
    await updateKeyFile(file, () => [entry('a')]);
    await updateKeyFile(file, (keys) => [...keys, rotated]);
    expect(readKeyFile(file)).toEqual([entry('a'), rotated]);
    expect(readdirSync(path.dirname(file))).toEqual(['keys.json']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(isReadableByOthers(file)).toBe(false);
  });

  it('loses no key of writers that come at once', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `key${index}`);
    await Promise.all(names.map((name) => updateKeyFile(file, (keys) => [...keys, entry(name)])));
    expect(
      readKeyFile(file)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...names].sort());
  });

  it('is unchanged, and unlocked, when the change is refused', async () => {
    await updateKeyFile(file, () => [entry('a')]);
    const refuse = (): never => {
      throw new Error('no such key');
    };
    await expect(updateKeyFile(file, refuse)).rejects.toThrow('no such key');
    expect(readKeyFile(file)).toEqual([entry('a')]);
    await updateKeyFile(file, () => []);
    expect(readKeyFile(file)).toEqual([]);
  });

  it('is not touched while another process holds its lock', async () => {
    await updateKeyFile(file, () => [entry('a')]);
    writeFileSync(`${file}.lock`, '1');
    const attempt = updateKeyFile(file, () => [], { patienceMilliseconds: 0 });
    await expect(attempt).rejects.toMatchObject({ code: 'contention' });
    expect(readKeyFile(file)).toEqual([entry('a')]);
    expect(readFileSync(`${file}.lock`, 'utf8')).toBe('1');
  });

  it.each([
    '',
    'keys',
    '[]',
    '{"keys":{}}',
    '{"keys":[{"name":"a"}]}',
    '{"keys":[null]}',
    '{"keys":[{"name":"a","scope":"root","hash":"h","previous":null,"createdAt":"t"}]}',
  ])('is not taken for empty when it holds %j', async (text) => {
    await updateKeyFile(file, () => []);
    writeFileSync(file, text);
    expect(() => readKeyFile(file)).toThrow(/cannot be read/);
    await expect(updateKeyFile(file, () => [])).rejects.toMatchObject({ code: 'invalid-setting' });
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  it('tells when others may read it', () => {
    writeFileSync(path.join(folder, 'open.json'), '{}', { mode: 0o644 });
    expect(isReadableByOthers(path.join(folder, 'open.json'))).toBe(true);
    expect(isReadableByOthers(path.join(folder, 'absent.json'))).toBe(false);
  });
});
