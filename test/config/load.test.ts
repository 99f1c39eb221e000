import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { type ConfigSources, isLoopback, loadSettings } from '../../src/config/load.ts';
import { BatchyError } from '../../src/domain/errors.ts';

describe('the settings', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'batchy-settings-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
  });

  const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);
  const load = (sources: Partial<ConfigSources> = {}) => loadSettings({ folder, environment: {}, ...sources });

  /** What is said about settings that are refused. */
  function refusal(sources: Partial<ConfigSources> = {}): string {
    try {
      load(sources);
    } catch (error) {
      expect(error).toBeInstanceOf(BatchyError);
      expect((error as BatchyError).code).toBe('invalid-setting');
      return (error as BatchyError).detail;
    }
    throw new Error('the settings were taken');
  }

  it('come from the strongest source that has them: flag, environment, .env, file, default', () => {
    const port = (sources?: Partial<ConfigSources>) => {
      const { settings, sources: found } = load(sources);
      return [settings.PORT, found.PORT];
    };
    expect(port()).toEqual([5000, 'default']);
    write('batchy.yaml', 'port: 1\n');
    expect(port()).toEqual([1, 'file']);
    write('.env', 'PORT=2\n');
    expect(port()).toEqual([2, '.env']);
    expect(port({ environment: { PORT: '3' } })).toEqual([3, 'environment']);
    expect(port({ environment: { PORT: '3' }, flags: { PORT: '4' } })).toEqual([4, 'flag']);
  });

  it('are unset where a variable is empty', () => {
    write('batchy.yaml', 'port: 1\n');
    write('.env', 'PORT=\nHOST=" "\n');
    const { settings, sources } = load({ environment: { PORT: '', LOG_LEVEL: '  ' } });
    expect(settings).toMatchObject({ PORT: 1, HOST: '127.0.0.1', LOG_LEVEL: 'info' });
    expect(sources).toMatchObject({ PORT: 'file', HOST: 'default', LOG_LEVEL: 'default' });
  });

  it('may all stand in another file, which must be there', () => {
    write('other.yaml', 'port: 7\n');
    expect(load({ environment: { BATCHY_CONFIG: 'other.yaml' } }).settings.PORT).toBe(7);
    expect(refusal({ environment: { BATCHY_CONFIG: 'none.yaml' } })).toMatch(/none\.yaml, which does not exist/);
  });

  it('name folders as seen from where they are written', () => {
    write('batchy.yaml', 'batchy_data: deep/data\n');
    expect(load().settings).toMatchObject({
      BATCHY_DATA: path.join(folder, 'deep/data'),
      BATCHY_CFG: path.join(folder, 'cfg'),
      API_KEYS_FILE: path.join(folder, 'deep/data/keys.json'),
    });
  });

  it.each([
    ['prot: 1', /unknown setting prot/],
    ['PORT: 1', /unknown setting PORT/],
    ['- port', /expected a map of settings/],
    ['port: [', /no valid YAML/],
    ['port: 1\nport: 2', /no valid YAML/],
    ['port: "5000"', /PORT \(from file\): expected a whole number, at least 0 and at most 65535, got "5000"/],
    ['port: 1.5', /PORT \(from file\): expected a whole number.* got 1\.5/],
    ['port:', /PORT \(from file\): .* got null/],
    ['port: 65536', /at most 65535, got 65536/],
    ['allow_open: "yes"', /ALLOW_OPEN \(from file\): expected true or false, got "yes"/],
    ['log_level: loud', /LOG_LEVEL \(from file\): expected one of trace, debug/],
    ['host: 1', /HOST \(from file\): expected text, got 1/],
    ['batchy_admin_key: 12345678901234567', /BATCHY_ADMIN_KEY .* got a value that does not fit/],
  ])('are refused in a file that says %s', (yaml, expected) => {
    write('batchy.yaml', `${yaml}\n`);
    const detail = refusal();
    expect(detail).toMatch(expected);
    expect(detail).not.toContain('12345678901234567');
  });

  it.each(['', '# port: 1\n', '\n\n  # nothing\n'])('may be a file without any: %j', (text) => {
    write('batchy.yaml', text);
    expect(load().settings.PORT).toBe(5000);
  });

  it.each([
    ['PORT', 'http', /expected a whole number/],
    ['PORT', '5e3', /expected a whole number/],
    ['PORT', '-1', /at least 0/],
    ['ALLOW_OPEN', 'maybe', /expected 1, true, yes, on or 0, false, no, off, got "maybe"/],
    ['ALLOW_OPEN', 'constructor', /got "constructor"/],
    ['REQUEST_TIMEOUT_SECONDS', '0', /more than 0/],
    ['BATCHY_INITIAL_DATE', 'yesterday', /expected a time such as/],
    ['TRUSTED_NETWORKS', '10.0.0.0', /expected networks such as/],
    ['TRUSTED_NETWORKS', '10.0.0.0/33', /expected networks such as/],
    ['TRUSTED_NETWORKS', 'everybody/0', /expected networks such as/],
    ['QUEUES', ' , ,', /at least one name/],
    ['REDIS_URL', 'http://user:hush@host', /expected a URL that begins with redis/],
    ['BATCHY_ADMIN_KEY', 'hush', /at least 16 characters, got 4/],
  ])('are refused where %s is %s', (name, value, expected) => {
    const detail = refusal({ environment: { [name]: value } });
    expect(detail).toContain(name);
    expect(detail).toMatch(expected);
    expect(detail).not.toContain('hush');
  });

  it.each([
    ['1', true],
    ['TRUE', true],
    ['on', true],
    ['0', false],
    ['No', false],
  ])('take %s for a switch', (text, expected) => {
    expect(load({ environment: { ALLOW_OPEN: text } }).settings.ALLOW_OPEN).toBe(expected);
    expect(load({ flags: { ALLOW_OPEN: text } }).settings.ALLOW_OPEN).toBe(expected);
  });

  it('take a flag alone for a switch that is on', () => {
    expect(load({ flags: { ALLOW_OPEN: true } }).settings.ALLOW_OPEN).toBe(true);
  });
});

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.1', false],
  ['127.example.com', false],
])('%s is loopback: %s', (host, expected) => expect(isLoopback(host)).toBe(expected));
