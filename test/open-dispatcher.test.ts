import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../src/config/load.ts';
import { openDispatcher } from '../src/open-dispatcher.ts';
import { workOf } from '../src/domain/work.ts';
import { freePort } from './servers/free-port.ts';

const settingsWith = (environment: Record<string, string>) => loadSettings({ folder: tmpdir(), environment }).settings;

describe('what hands work on', () => {
  it('is nothing where there is no Redis', async () => {
    expect(await openDispatcher(settingsWith({}))).toBeNull();
  });

  it('is opened where its Redis is away, and says so only to who hands on', async () => {
    const port = await freePort();
    const dispatcher = await openDispatcher(settingsWith({ REDIS_URL: `redis://127.0.0.1:${port}` }));
    const handingOn = dispatcher?.dispatch(workOf({ executionId: 1, capabilities: [] }));
    await dispatcher?.close();
    await expect(handingOn).rejects.toMatchObject({
      code: 'store-unavailable',
      detail: expect.stringContaining(String(port)),
    });
  });

  it('is not opened for an address that is none', async () => {
    await expect(openDispatcher(settingsWith({ REDIS_URL: 'redis://127.0.0.1,127.0.0.2' }))).rejects.toMatchObject({
      code: 'invalid-setting',
    });
  });
});
