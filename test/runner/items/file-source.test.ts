import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { expect, it, onTestFinished } from 'vitest';

import { openFileSource } from '../../../src/runner/items/file-source.ts';

it('says of a packed file that is cut off that it is, however often it is asked', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-source-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'orders.csv.gz');
  const packed = gzipSync(randomBytes(500_000));
  writeFileSync(file, packed.subarray(0, packed.length / 2));
  const source = await openFileSource(file, 0);
  const readAll = async (): Promise<void> => {
    while ((await source.next()) !== null);
  };
  await expect(readAll()).rejects.toThrow('cut off');
  await expect(readAll()).rejects.toThrow('cut off');
  await source.close();
});
