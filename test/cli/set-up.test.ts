import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

import { checkNode } from '../../src/cli/diagnosis.ts';
import { shownSetting } from '../../src/cli/settings.ts';
import { settingNames } from '../../src/config/schema.ts';
import { findKey } from '../../src/service/keys.ts';
import { readKeyFile } from '../../src/config/key-file.ts';
import { parseInstant } from '../../src/domain/time.ts';
import { freePort } from '../servers/free-port.ts';
import { type Ended, run, start } from './run.ts';

/** Commands about a set-up, each in a folder that `batchy init` made. */
describe('setting up', () => {
  let folder: string;
  let environment: Record<string, string>;

  const batchy = (...args: string[]): Promise<Ended> => run('batchy', args, { environment, folder });

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-set-up-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    environment = { PORT: String(await freePort()) };
    expect((await batchy('init')).exit).toBe(0);
  });

  it('init writes what serve understands, and never overwrites', async () => {
    expect(readdirSync(folder).sort()).toEqual(['.env.example', 'batchy.yaml', 'cfg']);
    for (const name of settingNames)
      expect(readFileSync(path.join(folder, '.env.example'), 'utf8')).toContain(`#${name}=`);
    // What is commented out is valid when it is not.
    const yaml = readFileSync(path.join(folder, 'batchy.yaml'), 'utf8');
    writeFileSync(path.join(folder, 'batchy.yaml'), yaml.replaceAll(/^# ([a-z_]+: )/gm, '$1'));
    expect((await batchy('config')).exit).toBe(0);
    writeFileSync(path.join(folder, 'cfg', 'sample.yaml'), 'mine:\n');
    const again = await batchy('init');
    expect(again.err).toContain('kept, since it is there: cfg/sample.yaml');
    expect(readFileSync(path.join(folder, 'cfg', 'sample.yaml'), 'utf8')).toBe('mine:\n');
    expect((await batchy('init', 'deep/folder')).exit).toBe(0);
    expect(existsSync(path.join(folder, 'deep/folder/cfg/sample.yaml'))).toBe(true);
  });

  it('serve runs on it until it is told to stop', async () => {
    const server = start('batchy', ['serve', '--port', '0', '--log-level', 'silent'], { environment, folder });
    let out = '';
    server.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    await vi.waitFor(() => expect(out).toMatch(/http:\/\/127\.0\.0\.1:\d+/), { timeout: 40_000 });
    const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(out) ?? [];
    expect((await batchy('status', '--url', url)).out).toMatch(/^sample {2}new/m);
    server.kill('SIGTERM');
    expect((await server).exitCode).toBe(0);
  });

  it('serve says what is wrong with where it shall listen', async () => {
    const blocker = createServer().listen(Number(environment['PORT']), '127.0.0.1');
    onTestFinished(() => void blocker.close());
    expect(await batchy('serve', '--log-level', 'silent')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('something listens there already'),
    });
    expect(await batchy('serve', '--host', '0.0.0.0')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('there is no API key'),
    });
    expect(await batchy('serve', '--port', 'http')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('PORT (from flag): expected a whole number'),
    });
    expect(await batchy('serve', '--batchy-admin-key', 'in-the-process-list')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('unknown option'),
    });
  });

  it.each([
    ['is a file', 'cfg/sample.yaml', 'is a file, no folder'],
    // Of the system, which lets not even root make anything in it.
    ['cannot be made', '/proc/batchy', 'cannot be '],
  ])('worker and serve refuse a BATCHY_DATA that %s: every log would be lost', async (_how, data, problem) => {
    // That nobody answers there would be the next thing to be told.
    const redis = `redis://127.0.0.1:${await freePort()}`;
    for (const command of ['worker', 'serve'])
      expect(await batchy(command, '--batchy-data', data, '--redis-url', redis, '--log-level', 'silent')).toEqual({
        exit: 2,
        out: '',
        err: expect.stringContaining(problem),
      });
  });

  it('config tells each setting and its source, and no secret', async () => {
    writeFileSync(path.join(folder, 'batchy.yaml'), 'log_level: warn\nredis_url: rediss://batchy:hush@db:6380\n');
    writeFileSync(path.join(folder, '.env'), 'BATCHY_ADMIN_KEY=hush-hush-hush-hush\n');
    const { out } = await batchy('config', '--json');
    const told = JSON.parse(out) as Record<string, { value: unknown; source: string }>;
    expect(Object.keys(told)).toEqual(settingNames);
    expect(told).toMatchObject({
      LOG_LEVEL: { value: 'warn', source: 'file' },
      REDIS_URL: { value: 'rediss://batchy:***@db:6380', source: 'file' },
      BATCHY_ADMIN_KEY: { value: '***', source: '.env' },
      PORT: { value: Number(environment['PORT']), source: 'environment' },
      HOST: { value: '127.0.0.1', source: 'default' },
    });
    expect((await batchy('config')).out).not.toContain('hush');
    environment['COLOUR'] = 'ignored';
    writeFileSync(path.join(folder, 'batchy.yaml'), 'prot: 1\n');
    expect(await batchy('config')).toMatchObject({ exit: 2, err: expect.stringContaining('unknown setting prot') });
  });

  it('config --help lists every setting', async () => {
    const { out } = await batchy('config', '--help');
    for (const name of settingNames) expect(out).toContain(`${name} (`);
  });

  it.each([
    ['redis://:p%40ss@h:1', 'redis://:***@h:1'],
    ['redis+sentinel://u:p@a:1,b:2/name', 'redis+sentinel://u:***@a:1,b:2/name'],
    ['redis://h:1', 'redis://h:1'],
    [
      'redis+sentinel://u:p@a:1/name?sentinel_username=s&sentinel_password=hush&db=1',
      'redis+sentinel://u:***@a:1/name?sentinel_username=s&sentinel_password=***&db=1',
    ],
  ])('shows %s as %s', (value, shown) => {
    expect(shownSetting(value, false)).toBe(shown);
  });

  it('keys are created, shown once, rotated and revoked', async () => {
    const file = path.join(folder, 'data', 'keys.json');
    const created = await batchy('keys', 'create', 'loader', '--scope', 'operate');
    expect(created).toMatchObject({ exit: 0, out: expect.stringMatching(/^batchy_[\w-]{43}$/) });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(created.out.slice('batchy_'.length));
    const opens = (secret: string, now: string) => findKey(readKeyFile(file), secret, parseInstant(now) ?? 0n);
    expect(opens(created.out, '2026-01-01')).toEqual({ name: 'loader', scope: 'operate' });

    const rotated = JSON.parse((await batchy('keys', 'rotate', 'loader', '--keep-hours', '1.5', '--json')).out) as {
      secret: string;
    };
    expect(opens(rotated.secret, '2026-01-01')).toEqual({ name: 'loader', scope: 'operate' });
    expect(opens(created.out, '2026-01-01')).not.toBeNull();
    expect(opens(created.out, '9999-01-01')).toBeNull();
    const [listed] = JSON.parse((await batchy('keys', 'list', '--json')).out) as {
      created_at: string;
      old_secret_until: string;
    }[];
    expect(listed).toMatchObject({ name: 'loader', scope: 'operate' });
    expect(Date.parse(`${listed?.old_secret_until}Z`) - Date.parse(`${listed?.created_at}Z`)).toBeGreaterThanOrEqual(
      1.5 * 3_600_000,
    );

    expect((await batchy('keys', 'create', 'loader', '--scope', 'read')).err).toContain(
      'There is a key loader already',
    );
    expect((await batchy('keys', 'create', 'other')).exit).toBe(2);
    expect((await batchy('keys', 'create', 'other', '--scope', 'root')).exit).toBe(2);
    expect((await batchy('keys', 'revoke', 'loader')).err).toContain('There is no key left');
    expect(opens(rotated.secret, '2026-01-01')).toBeNull();
    expect((await batchy('keys', 'rotate', 'loader')).exit).toBe(2);
  });

  it('infa lint names line and problem', async () => {
    writeFileSync(path.join(folder, 'a.par'), '[Global]\n$$a=1\n$$a=2\n');
    const { exit, out } = await batchy('infa', 'lint', 'a.par');
    expect(exit).toBe(1);
    expect(out).toMatch(/^a\.par:3: /);
    expect(JSON.parse((await batchy('infa', 'lint', 'a.par', '--json')).out)).toMatchObject([{ line: 3 }]);
    expect((await batchy('infa', 'lint', 'b.par')).exit).toBe(2);
  });

  describe('doctor', () => {
    const verdicts = async (): Promise<Record<string, string>> => {
      const findings = JSON.parse((await batchy('doctor', '--json')).out) as { subject: string; verdict: string }[];
      return Object.fromEntries(findings.map(({ subject, verdict }) => [subject, verdict]));
    };

    it('finds a fresh set-up well, and makes nothing', async () => {
      const { exit, out } = await batchy('doctor');
      expect(exit).toBe(0);
      expect(out).not.toMatch(/warn|fail/);
      expect(existsSync(path.join(folder, 'data'))).toBe(false);
    });

    it('names what to mend', async () => {
      writeFileSync(path.join(folder, 'cfg', 'broken.yaml'), 'job1:\n\tx: 1\n');
      writeFileSync(path.join(folder, 'cfg', 'wrong.yaml'), 'job1:\n  from_date: soon\n');
      const blocker = createServer((socket) =>
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello'),
      );
      blocker.listen(Number(environment['PORT']), '127.0.0.1');
      onTestFinished(() => void blocker.close());
      environment['REDIS_URL'] = `redis://127.0.0.1:${await freePort()}`;
      environment['BATCHY_URL'] = `http://127.0.0.1:${await freePort()}`;
      const { exit, out } = await batchy('doctor');
      expect(exit).toBe(1);
      expect(out).toMatch(/^fail +broken\.yaml +.*line 2/m);
      expect(out).toMatch(/^fail +wrong\.yaml +/m);
      expect(out).toMatch(/^fail +port \d+ +another program listens/m);
      expect(out).toMatch(/^fail +redis /m);
      expect(out).toMatch(/^fail +server +.*cannot be reached/m);
      expect(out).toMatch(/^ok +configurations +1 of 3 files/m);
    });

    it('looks at the store that there is', async () => {
      mkdirSync(path.join(folder, 'data'));
      expect(await verdicts()).toMatchObject({ 'embedded store': 'ok', 'data folder': 'ok' });
      writeFileSync(path.join(folder, 'data', 'logs'), 'no folder');
      expect(await verdicts()).toMatchObject({ 'data folder': 'fail' });
      writeFileSync(
        path.join(folder, 'data', 'batchy.db'),
        'no database at all, but longer than a header is'.repeat(100),
      );
      expect(await verdicts()).toMatchObject({ 'embedded store': 'fail' });
    });

    it('stops at settings that cannot be read, and at keys that do not protect', async () => {
      environment['HOST'] = '0.0.0.0';
      expect(await verdicts()).toMatchObject({ keys: 'fail' });
      environment['ALLOW_OPEN'] = '1';
      expect(await verdicts()).toMatchObject({ keys: 'warn' });
      mkdirSync(path.join(folder, 'data'), { recursive: true });
      writeFileSync(path.join(folder, 'data', 'keys.json'), 'keys');
      expect(await verdicts()).toMatchObject({ keys: 'fail' });
      environment['LEASE'] = 'ignored';
      environment['LOG_LEVEL'] = 'loud';
      expect(await verdicts()).toEqual({ node: 'ok', settings: 'fail' });
    });

    it('knows an old Node', () => {
      expect(checkNode('20.19.1')).toMatchObject({ verdict: 'fail', detail: expect.stringContaining('24 or newer') });
      expect(checkNode('26.0.0').verdict).toBe('ok');
    });
  });
});
