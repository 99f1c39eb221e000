import { isBuiltin } from 'node:module';
import path from 'node:path';

/** The house's rules on who may import whom and who may read the clock, as a function from sources to complaints. */

interface Layer {
  /** Other folders (or files) of src that it may import from; its own is always allowed, except other adapters. */
  readonly layers: readonly string[];
  /** Packages and built-in modules that it may import; `node:*` is any built-in but the embedded database. */
  readonly packages: readonly string[];
}

const anyBuiltin = 'node:*';
const web = ['fastify', '@fastify/*', 'find-my-way', 'typebox', 'prom-client', anyBuiltin];
const terminal = ['commander', 'cli-table3', 'undici', 'typebox', anyBuiltin];

/** The files that wire everything: `app`, and `serve`, which runs it as a process. */
const composition: Layer = {
  layers: ['domain', 'ports', 'service', 'runner', 'dialects', 'adapters', 'config', 'http'],
  packages: [...web, 'close-with-grace', 'pino', 'uuidv7'],
};

const running: Layer = {
  layers: ['domain', 'ports', 'runner'],
  packages: ['csv-parse', 'csv-stringify', '@streamparser/json', 'undici', 'kysely', 'pg', 'node:sqlite', anyBuiltin],
};

const layers: Readonly<Record<string, Layer>> = {
  domain: { layers: [], packages: ['luxon', 'cron-parser'] },
  ports: { layers: ['domain'], packages: [] },
  service: {
    layers: ['domain', 'ports'],
    packages: ['uuidv7', 'node:crypto', 'node:path', 'node:events', 'node:timers/promises'],
  },
  runner: running,
  // The program in which a worker's code runs.
  'worker-host': { layers: ['domain', 'runner', 'authoring'], packages: [anyBuiltin] },
  'runner/items': running,
  // What a job is to those who write one and to those who run it.
  'runner/types': { layers: ['domain', 'runner/items'], packages: [] },
  authoring: { layers: ['domain', 'runner/types', 'runner/items'], packages: [] },
  dialects: { layers: ['domain', 'authoring'], packages: ['js-yaml', 'luxon'] },
  'adapters/memory': { layers: ['domain', 'ports'], packages: [anyBuiltin] },
  'adapters/redis': { layers: ['domain', 'ports'], packages: ['ioredis', anyBuiltin] },
  'adapters/bullmq': { layers: ['domain', 'ports'], packages: ['bullmq', 'ioredis', anyBuiltin] },
  'adapters/sqlite': { layers: ['domain', 'ports'], packages: ['node:sqlite', anyBuiltin] },
  'adapters/system': { layers: ['domain', 'ports'], packages: ['uuidv7', anyBuiltin] },
  config: { layers: ['domain'], packages: ['typebox', 'js-yaml', anyBuiltin] },
  http: { layers: ['service', 'domain', 'config'], packages: web },
  // What others take into their own programs: browsers, too.
  client: { layers: [], packages: [] },
  cli: { layers: ['service', 'domain', 'dialects', 'config'], packages: terminal },
  'open-stores': { layers: ['ports', 'adapters', 'config'], packages: [] },
  'open-dispatcher': { layers: ['ports', 'adapters', 'config'], packages: [] },
  trial: { layers: ['config'], packages: [anyBuiltin] },
  'firing-loop': { layers: ['service'], packages: ['fastify'] },
  chores: { layers: ['service', 'runner'], packages: ['fastify'] },
  // Apart from the server, for whom has none.
  'use-cases': { layers: composition.layers.filter((layer) => layer !== 'http'), packages: [anyBuiltin] },
  app: {
    ...composition,
    layers: [...composition.layers, 'open-stores', 'open-dispatcher', 'trial', 'use-cases', 'firing-loop', 'chores'],
  },
  // The process in which jobs run, and what the one that serves has of it.
  'conductor-messages': { layers: ['domain', 'config', 'service'], packages: [] },
  'conductor-host': {
    layers: [
      'domain',
      'config',
      'service',
      'runner',
      'adapters',
      'conductor-catalog',
      'conductor-child',
      'conductor-holder-question',
      'conductor-messages',
      'conductor-reading',
      'conductor-silence',
      'conductor-troubles',
      'job-file-report',
    ],
    packages: ['pino', anyBuiltin],
  },
  'job-file-report': { layers: ['domain', 'config', 'conductor-messages'], packages: ['pino', anyBuiltin] },
  'conductor-child': {
    layers: ['config', 'conductor-holder-question', 'conductor-reading', 'conductor-silence'],
    packages: [anyBuiltin],
  },
  'conductor-holder': { layers: ['runner'], packages: [] },
  'conductor-holder-answers': { layers: ['conductor-holder', 'conductor-sync-programs'], packages: [anyBuiltin] },
  'conductor-holder-question': { layers: ['ports', 'conductor-holder'], packages: [anyBuiltin] },
  'conductor-silence': {
    layers: ['ports', 'config', 'conductor-holder-question', 'conductor-watchdog'],
    packages: [],
  },
  'conductor-sync-programs': { layers: ['conductor-holder'], packages: [anyBuiltin] },
  'conductor-stray-errors': { layers: ['runner', 'conductor-holder'], packages: [] },
  'conductor-catalog': { layers: ['domain', 'ports', 'service', 'conductor-messages'], packages: [] },
  'conductor-troubles': { layers: ['ports'], packages: [] },
  'conductor-reading': { layers: ['ports'], packages: [] },
  'conductor-watchdog': { layers: ['ports'], packages: [] },
  'conductor-process': {
    layers: [
      ...composition.layers,
      'open-stores',
      'open-dispatcher',
      'conductor-holder',
      'conductor-logs',
      'conductor-messages',
      'conductor-pulse',
      'conductor-stray-errors',
      'conductor-sync-programs',
      'task-app',
    ],
    packages: ['uuidv7', anyBuiltin],
  },
  'conductor-logs': {
    layers: ['domain', 'runner', 'conductor-log-thread', 'conductor-unwritten-logs'],
    packages: [anyBuiltin],
  },
  'conductor-log-thread': { layers: ['runner', 'conductor-unwritten-logs'], packages: [anyBuiltin] },
  'conductor-unwritten-logs': { layers: ['config', 'runner'], packages: [anyBuiltin] },
  'conductor-pulse': { layers: ['domain', 'ports', 'runner', 'conductor-pulse-thread'], packages: [anyBuiltin] },
  'conductor-pulse-thread': {
    layers: ['domain', 'config', 'runner', 'adapters', 'open-stores', 'conductor-holder-answers'],
    packages: ['uuidv7', anyBuiltin],
  },
  'task-app': { layers: ['domain', 'service', 'runner', 'dialects', 'adapters'], packages: [anyBuiltin] },
  // A flow as the job files of this machine make it, to be looked at.
  'flow-building': {
    layers: ['domain', 'config', 'service', 'runner', 'dialects', 'adapters', 'task-app'],
    packages: [anyBuiltin],
  },
  // A task list that runs without a server, in one process.
  'task-run': {
    layers: [...composition.layers, 'use-cases', 'open-stores', 'conductor-logs'],
    packages: [anyBuiltin],
  },
  serve: {
    layers: [
      ...composition.layers,
      'app',
      'trial',
      'conductor-host',
      'launcher-watch',
      'prepare-log-folder',
      'process-log',
    ],
    packages: composition.packages,
  },
  // What runs jobs on this machine for servers on others.
  work: {
    layers: [
      ...composition.layers,
      'conductor-host',
      'launcher-watch',
      'open-stores',
      'prepare-log-folder',
      'process-log',
    ],
    packages: composition.packages,
  },
  'launcher-watch': { layers: [], packages: [] },
  'prepare-log-folder': { layers: ['domain', 'config', 'runner'], packages: [] },
  'process-log': { layers: ['config'], packages: ['pino'] },
  // The command line does not know how things are wired; main hands it the functions that do.
  main: {
    layers: [
      'app',
      'open-stores',
      'serve',
      'conductor-process',
      'flow-building',
      'task-app',
      'task-run',
      'work',
      'cli',
      'config',
    ],
    packages: ['close-with-grace', anyBuiltin],
  },
};

/** Reading them makes an outcome depend on when and where it is computed; what needs them is given a port. */
const impure = [/\bDate\.now\b/, /\bnew Date\(\s*\)/, /\bMath\.random\b/, /\bDateTime\.(now|local|utc)\(\s*\)/];
const sideEffects = [/\bprocess\./, /\bsetTimeout\b/, /\bsetInterval\b/, /\bfetch\(/, /\bconsole\./];

/**
 * @param sources file (from the project's root, `src/domain/time.ts`) to its text
 * @returns one line a breach: which file, what it does, which rule forbids it
 */
export function breaches(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([file, text]) => {
    const code = withoutComments(text);
    const layer = layerOf(file);
    const rule = layers[layer];
    if (rule === undefined) return [`${file}: the house has no place ${layer}`];
    const imports = importsOf(code).filter((target) => !mayImport(file, layer, rule, target));
    return [
      ...imports.map((target) => `${file}: ${layer} may not import ${target}`),
      ...impureIn(layer, code).map((what) => `${file}: ${layer} may not use ${what}`),
      ...badName(file),
    ];
  });
}

/** Of the runner: without code, so that those who write jobs may know them. */
const runnerTypes = ['capability.ts', 'job.ts', 'flow-body.ts', 'step-body.ts', 'step-context.ts'];

function layerOf(file: string): string {
  const [, first = '', second = ''] = file.split('/');
  if (file.startsWith('src/runner/worker-process/node/')) return 'worker-host';
  if (first === 'runner' && second === 'items') return 'runner/items';
  if (first === 'runner' && runnerTypes.includes(second)) return 'runner/types';
  return first === 'adapters' ? `adapters/${second}` : first.replace(/\.ts$/, '');
}

function mayImport(file: string, layer: string, rule: Layer, target: string): boolean {
  if (!target.startsWith('.')) return rule.packages.some((allowed) => isPackage(allowed, target));
  const resolved = path.posix.join(path.posix.dirname(file), target);
  // What is no source: package.json for the version.
  if (!resolved.startsWith('src/')) return resolved === 'package.json' && ['app', 'main', 'cli'].includes(layer);
  const other = layerOf(resolved);
  return other === layer || rule.layers.includes(other) || rule.layers.includes(other.split('/')[0] ?? other);
}

function isPackage(allowed: string, target: string): boolean {
  const name = isBuiltin(target) && !target.startsWith('node:') ? `node:${target}` : target;
  if (allowed === anyBuiltin) return name.startsWith('node:') && name !== 'node:sqlite';
  if (allowed.endsWith('/*')) return name.startsWith(allowed.slice(0, -1));
  return name === allowed || name.startsWith(`${allowed}/`);
}

function impureIn(layer: string, code: string): string[] {
  const pure = layer === 'domain' || layer === 'ports';
  const forbidden = layer.startsWith('adapters/') || layer === 'main' ? [] : [...impure, ...(pure ? sideEffects : [])];
  return forbidden.flatMap((pattern) => pattern.exec(code)?.[0] ?? []);
}

function badName(file: string): string[] {
  const words = file.replace(/\.ts$/, '').split('/').slice(1);
  const bad = words.find((word) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(word) || /^(utils?|helpers?|common)$/.test(word));
  return bad === undefined ? [] : [`${file}: ${bad} is no name of the house (kebab-case, saying what it is)`];
}

function importsOf(code: string): string[] {
  const statements = /\b(?:import|export)\b[^'"`;()]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g;
  return [...code.matchAll(statements)].map((match) => match[1] ?? match[2] ?? '');
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*\*?[\s\S]*?\*\/|^\s*\/\/.*$|\s\/\/ .*$/gm, '');
}
