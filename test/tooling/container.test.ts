import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { load } from 'js-yaml';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from '../servers/free-port.ts';
import { environmentOf, execForm, parseDockerfile } from './dockerfile.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const dockerfile = parseDockerfile(read('Dockerfile'));
const only = (name: string): string => {
  const found = dockerfile.filter((instruction) => instruction.name === name);
  expect(found).toHaveLength(1);
  return found[0]?.text ?? '';
};
const healthCommand = (): [string, ...string[]] => execForm(only('HEALTHCHECK').replace(/^CMD /, ''));
const copies = dockerfile
  .filter(({ name }) => name === 'COPY')
  .map(({ text }) => ({ sources: text.split(' ').slice(0, -1), target: text.split(' ').at(-1) ?? '' }));

/** Node that runs these tests first, as in the image; the system's may be older. */
const searchPath = [path.dirname(process.execPath), process.env['PATH']].join(path.delimiter);

describe('the Dockerfile', () => {
  it('stands on the Node that package.json asks for, and does not run as root', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    expect(only('FROM')).toMatch(new RegExp(`^node:${engines.node.replace('>=', '')}-slim$`));
    expect(only('USER')).toBe('node');
    const names = dockerfile.map(({ name }) => name);
    expect(names.indexOf('USER')).toBeLessThan(names.indexOf('CMD'));
  });

  it('listens beyond loopback, on the port that it exposes', () => {
    expect(environmentOf(dockerfile)).toMatchObject({ HOST: '0.0.0.0', PORT: only('EXPOSE') });
  });

  it('copies only what its context holds', () => {
    const ignore = read('.dockerignore').split('\n');
    expect(ignore).toContain('*');
    for (const source of copies.flatMap(({ sources }) => sources)) expect(ignore).toContain(`!${source}`);
  });

  it('runs in an empty folder: its own lines build a service that is healthy and ends when told', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'batchy-image-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const steps = dockerfile.filter(({ name }) => name === 'COPY' || name === 'RUN');
    for (const { name, text } of steps) {
      if (name === 'COPY') await copyInto(folder, text);
      else await execa('sh', ['-c', text], { cwd: folder, env: { PATH: searchPath } });
    }

    const port = String(await freePort());
    const env = {
      ...environmentOf(dockerfile),
      PATH: searchPath,
      HOST: '127.0.0.1',
      PORT: port,
      BATCHY_ADMIN_KEY: 'a-key-for-this-test-only',
    };
    const [command, ...args] = execForm(only('CMD'));
    const service = execa(command, args, { cwd: folder, env, extendEnv: false, all: true, reject: false });
    onTestFinished(() => {
      service.kill('SIGKILL');
    });
    const alive = async (): Promise<void> => {
      expect((await fetch(`http://127.0.0.1:${port}/health/live`)).status).toBe(200);
    };
    const early = service.then(({ all }) => Promise.reject(new Error(`the service ended: ${all}`)));
    await Promise.race([early, vi.waitFor(alive, { timeout: 60_000, interval: 100 })]);
    early.catch(() => {});
    const [check, ...checkArgs] = healthCommand();
    await vi.waitFor(() => execa(check, checkArgs, { cwd: folder, env, extendEnv: false }), { timeout: 60_000 });

    service.kill('SIGTERM');
    const ended = await service;
    expect({ code: ended.exitCode, signal: ended.signal }, ended.all).toEqual({ code: 0, signal: undefined });
    await expect(execa(check, checkArgs, { cwd: folder, env, extendEnv: false })).rejects.toThrow('exit code 1');
  }, 240_000);
});

async function copyInto(folder: string, text: string): Promise<void> {
  const words = text.split(' ');
  const target = path.join(folder, words.pop() ?? '');
  for (const source of words) {
    const destination = words.length > 1 ? path.join(target, path.basename(source)) : target;
    await cp(path.join(root, source), destination, { recursive: true });
  }
}

describe('docker-compose.yml', () => {
  interface Service {
    image?: string;
    build?: string;
    command?: string[];
    environment?: Record<string, string>;
    ports?: string[];
    volumes?: string[];
    healthcheck?: { test: string[] };
    depends_on?: Record<string, { condition: string }>;
  }
  const { services, volumes } = load(read('docker-compose.yml')) as {
    services: { redis: Service; batchy: Service; worker: Service };
    volumes: Record<string, unknown>;
  };

  it('has a Redis that loses no watermark: on disk, and none evicted', () => {
    const { redis } = services;
    expect(redis.image).toMatch(/^redis:[78]\b/);
    expect(redis.command?.join(' ')).toContain('--appendonly yes --maxmemory-policy noeviction');
    expect(redis.volumes).toEqual([expect.stringMatching(/^[a-z-]+:\/data$/)]);
    expect(redis.ports).toBeUndefined();
    expect(services.batchy.depends_on).toEqual({ redis: { condition: 'service_healthy' } });
    expect(redis.healthcheck?.test).toEqual(['CMD', 'redis-cli', 'ping']);
  });

  it('builds the service here, reaches that Redis, and refuses to start without a key', () => {
    const { batchy } = services;
    expect(batchy.build).toBe('.');
    expect(batchy.environment?.['REDIS_URL']).toBe('redis://redis:6379');
    expect(batchy.environment?.['BATCHY_ADMIN_KEY']).toMatch(/^\$\{BATCHY_ADMIN_KEY:\?.+\}$/);
    expect(read('.env.example')).toMatch(/^BATCHY_ADMIN_KEY=$/m);
  });

  it('publishes to this machine only, and cannot change the configuration', () => {
    const { batchy } = services;
    const workdir = only('WORKDIR');
    expect(batchy.ports).toEqual([`127.0.0.1:5000:${only('EXPOSE')}`]);
    expect(batchy.volumes).toContain(`./cfg:${workdir}/cfg:ro`);
    expect(batchy.volumes).toContain(`batchy-data:${only('VOLUME')}`);
  });

  it('has workers that run jobs for the same Redis, and keep their logs where the service finds them', () => {
    const { batchy, worker } = services;
    expect(worker.command?.slice(-2)).toEqual(['src/main.ts', 'worker']);
    expect(worker.environment?.['REDIS_URL']).toBe(batchy.environment?.['REDIS_URL']);
    expect(worker.volumes).toEqual(batchy.volumes);
    expect([worker.ports, worker.build]).toEqual([undefined, '.']);
  });

  it('declares the volumes that it names', () => {
    const named = Object.values(services).flatMap((service) => service.volumes ?? []);
    const names = named.map((volume) => volume.split(':')[0] ?? '').filter((name) => !name.startsWith('.'));
    expect(Object.keys(volumes).toSorted()).toEqual([...new Set(names)].toSorted());
  });
});
