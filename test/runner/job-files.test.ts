import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BrokenJobFile } from '../../src/runner/job-file-problem.ts';

interface Loaded {
  readonly jobs: { name: string; file: string; steps: string[] }[];
  readonly definitions: { name: string; file: string; version: string; readAt: string }[];
  readonly broken: BrokenJobFile[];
  readonly version: string;
  readonly beginning: string[];
}

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'batchy-jobs-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
}

async function load(...more: string[]): Promise<Loaded> {
  const program = path.join(import.meta.dirname, 'load-job-files.ts');
  const { stdout } = await execa('node', ['--disable-warning=ExperimentalWarning', program, folder, ...more], {
    preferLocal: true,
    localDir: import.meta.dirname,
  });
  return JSON.parse(stdout) as Loaded;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function job(name: string, more = ''): string {
  return `import { defineJob, step } from 'batchy';\nexport default defineJob({ name: '${name}', ${more} steps: [step('One', () => {})] });\n`;
}

describe('a folder of jobs', () => {
  it('holds task lists, each with its profile and workers beside it, or what is wrong with it', async () => {
    await write({
      'good.lst': '#NODE\n2|1|1|0|second|work|Work|$ENV{GREETING}|\n1|-1|1|0|first|work|Work||\n',
      app_profile: 'export GREETING=hello\n',
      'workers/work.ts': 'export {};\n',
      'bad.lst': '#SHELL\n1|-1|1|0|first|true|\n1|5|x|0|first|true|\n',
      'module.lst': '#NODE\n1|-1|1|0|first|nowhere|Work||\n',
    });
    const { jobs, broken } = await load();
    expect(jobs).toEqual([{ name: 'good', file: 'good.lst', steps: ['first', 'second'] }]);
    expect(broken.map(({ file, line, jobs: [named] }) => [file, line, named])).toEqual([
      ['bad.lst', 3, 'bad'],
      ['module.lst', null, 'module'],
    ]);
    expect(broken[1]?.message).toContain('task 1: the module "nowhere" is not there');
  });

  it('holds task lists as JSON among other JSON', async () => {
    await write({
      'good.json': '[{"id": 1, "name": "first", "shell": "true"}]',
      'typo.json': '\n[{"id": 1, "name": "first", "shell": "true",}]',
      'wrong.json': '[{"id": 0, "name": "first", "module": "nowhere", "worker": "Work"}]',
      'countries.json': '[{"id": 1, "name": "Chile"}, "[shell]"]',
      'tsconfig.json': '{"compilerOptions": {"module": "nodenext"}}',
      'empty.json': '[]',
      'folder.json/data.json': '[{"shell": "true"}]',
    });
    await symlink(path.join(folder, 'good.json'), path.join(folder, 'linked.json'));
    await symlink(path.join(folder, 'countries.json'), path.join(folder, 'other.json'));
    const { jobs, broken } = await load();
    expect(jobs).toEqual([{ name: 'good', file: 'good.json', steps: ['first'] }]);
    expect(broken.map(({ file, jobs: [named], message }) => [file, named, message])).toEqual([
      ['linked.json', undefined, expect.stringContaining('symbolic link')],
      ['typo.json', 'typo', expect.stringMatching(/JSON/)],
      ['wrong.json', 'wrong', expect.stringContaining('whole number from 1 on')],
    ]);
  });

  it('holds code, YAML and folders with an index; what lies deeper helps', async () => {
    await write({
      'plain.ts': job('Plain'),
      'script.js': job('Script'),
      'simple.yaml': 'name: Simple\nsteps:\n  - {name: One, shell: [echo]}\n',
      'other.yml': 'name: Other\nsteps:\n  - {name: One, shell: [echo]}\n',
      'big/index.ts': `import { one } from './steps/one.ts';\nimport { defineJob } from 'batchy';\nexport const big = defineJob({ name: 'Big', steps: [one] });\nexport const second = defineJob({ name: 'Second', steps: [one] });\nexport default big;\n`,
      'big/steps/one.ts': `import { type StepContext, step } from 'batchy';\nexport const one = step('One', (ctx: StepContext) => ctx.attempt);\n`,
      'flow.ts': `import { defineFlow, linearFlow, task } from 'batchy';\nexport const provision = defineFlow('Provision', () => linearFlow('l', [task('One', { execute: () => 1 })]));\n`,
      'big/helper.ts': 'this is no code',
      'readme.md': '# jobs',
      'list.txt': '#SHELL',
      'types.d.ts': 'export {};',
      '.hidden.ts': 'this is no code',
    });
    const { jobs, definitions, broken } = await load();
    expect(broken).toEqual([]);
    expect(jobs.map(({ name, file }) => [name, file])).toEqual([
      ['Big', 'big/index.ts'],
      ['Second', 'big/index.ts'],
      ['Provision', 'flow.ts'],
      ['Other', 'other.yml'],
      ['Plain', 'plain.ts'],
      ['Script', 'script.js'],
      ['Simple', 'simple.yaml'],
    ]);
    expect(definitions.map(({ name }) => name)).toEqual(jobs.map(({ name }) => name));
    expect(jobs.filter(({ steps }) => steps.join() !== 'One')).toEqual([
      { name: 'Provision', file: 'flow.ts', steps: [] },
    ]);
  });

  it('that is empty or not there holds none', async () => {
    expect(await load()).toEqual({
      jobs: [],
      definitions: [],
      broken: [],
      version: sha256('').slice(0, 12),
      beginning: [],
    });
    await rm(folder, { recursive: true });
    expect(await load()).toEqual({
      jobs: [],
      definitions: [],
      broken: [],
      version: sha256('').slice(0, 12),
      beginning: [],
    });
    await mkdir(folder);
  });
});

describe('the version of a file', () => {
  const versions = async (): Promise<Record<string, string>> =>
    Object.fromEntries((await load()).definitions.map(({ name, version }) => [name, version]));

  it('is what sha256sum says of its text, and it says when it was read', async () => {
    const yaml = 'name: Simple\nsteps:\n  - {name: One, shell: [echo]}\n';
    await write({ 'plain.ts': job('Plain'), 'script.js': job('Script'), 'simple.yaml': `\uFEFF${yaml}` });
    const before = new Date().toISOString();
    const { definitions, version: whole } = await load();
    expect(definitions.map(({ name, version }) => [name, version])).toEqual([
      ['Plain', sha256(job('Plain')).slice(0, 12)],
      ['Script', sha256(job('Script')).slice(0, 12)],
      ['Simple', sha256(`\uFEFF${yaml}`).slice(0, 12)],
    ]);
    // Of all together: whatever their files are called, and in whatever order they were read.
    const each = definitions.map(({ name, version }) => `${name} ${version}`);
    expect(whole).toBe(sha256(each.join('\n')).slice(0, 12));
    for (const { readAt } of definitions) expect(readAt >= before.slice(0, -1)).toBe(true);
  });

  it('changes with what it imports, however deep, and with nothing else', async () => {
    const helped = `import { one } from './steps/one.ts';\nimport { defineJob } from 'batchy';\nexport default defineJob({ name: 'Helped', steps: [one] });\n`;
    const one = `import { text } from '../../text.ts';\nimport { step } from 'batchy';\nexport const one = step('One', () => text);\n`;
    await write({
      'plain.ts': job('Plain'),
      'helped/index.ts': helped,
      'helped/steps/one.ts': one,
      'text.ts': "export const text = 'a';\n",
      'node_modules/kit/package.json': '{ "name": "kit", "type": "module", "exports": "./kit.js" }',
      'node_modules/kit/kit.js': 'export const kit = 1;\n',
      'packaged.ts': `import { kit } from 'kit';\n${job('Packaged', 'description: String(kit),')}`,
    });
    const first = await versions();
    const digests = [helped, one, "export const text = 'a';\n"].map(sha256).sort();
    expect(first['Helped']).toBe(sha256(digests.join('\n')).slice(0, 12));
    await write({ 'text.ts': "export const text = 'b';\n", 'node_modules/kit/kit.js': 'export const kit = 2;\n' });
    const second = await versions();
    expect(second).toEqual({ ...first, Helped: expect.not.stringContaining(first['Helped'] ?? '') });
  });

  it('follows imports that go in a circle', async () => {
    await write({
      'a/index.ts': `import { b } from './b.ts';\nexport const a = () => b;\n${job('Circle')}`,
      'a/b.ts': "import { a } from './index.ts';\nexport const b = () => a;\n",
    });
    const { Circle: first } = await versions();
    await write({ 'a/b.ts': "import { a } from './index.ts';\nexport const b = () => [a];\n" });
    expect((await versions())['Circle']).not.toBe(first);
  });
});

describe('a broken file', () => {
  it('is told with its place and keeps no other from loading', async () => {
    await write({
      'fine.ts': job('Fine'),
      'a-syntax.ts': 'export const a = 1;\nconst b = ;\n',
      'b-enum.ts': '\nenum X { A }\nexport const x = X.A;\n',
      'c-script.js': 'export const a = 1;\n\nlet y y;\n',
      'd-throws.ts': 'const a: number = 1;\n\nthrow new Error(`boom ${a}`);\n',
      'e-text.ts': "throw 'just a text';\n",
      'f-package.ts': "// first\nimport { x } from 'no-such-package';\nexport const y = x;\n",
      'g-file.ts': "\n\nimport { x } from './gone.ts';\nexport const y = x;\n",
      'h-name.ts': "import { defineJobs } from 'batchy';\nexport const y = defineJobs;\n",
      'i-nothing.ts': 'export const a = 1;\n',
      'j-refused.ts': job('Refused', '\n  retrys: 3,\n '),
      'k-kind.yaml': 'name: Kind\nsteps:\n  - name: One\n    python: [x]\n',
      'l-cycle.yaml': 'name: Cycle\nsteps:\n  - {name: A, shell: [a], dependsOn: [B]}\n  - {name: B, shell: [b]}\n',
      'm-yaml.yaml': 'name: [\n',
      'n-reader.ts': `import { chunkStep, defineJob } from 'batchy';\nexport default defineJob({\n  name: 'Reader',\n  steps: [chunkStep('Load', { writer: () => {} } as never)],\n});\n`,
      'o-helper/index.ts': "import './wrong.ts';\n",
      'o-helper/wrong.ts': 'const b = ;\n',
      'p-rejected.ts': "await Promise.reject(new TypeError('not now'));\n",
      'q-empty.ts': '',
    });
    await writeFile(path.join(folder, 'r-latin.yaml'), Buffer.from('name: caf\xe9\n', 'latin1'));
    const { jobs, broken } = await load();
    expect(jobs.map(({ name }) => name)).toEqual(['Fine']);
    expect(broken.map(({ file, line, column }) => [file, line, column])).toEqual([
      ['a-syntax.ts', 2, 11],
      ['b-enum.ts', 2, 1],
      ['c-script.js', 3, 7],
      ['d-throws.ts', 3, 7],
      ['e-text.ts', null, null],
      ['f-package.ts', 2, null],
      ['g-file.ts', 3, null],
      ['h-name.ts', 1, 10],
      ['i-nothing.ts', null, null],
      ['j-refused.ts', 2, 16],
      ['k-kind.yaml', 3, 5],
      ['l-cycle.yaml', 3, 39],
      ['m-yaml.yaml', 2, 1],
      ['n-reader.ts', 2, 16],
      ['o-helper/index.ts', null, null],
      ['p-rejected.ts', 1, 22],
      ['q-empty.ts', null, null],
      ['r-latin.yaml', null, null],
    ]);
    const said = new Map(broken.map(({ file, message }) => [file, message]));
    expect([...said.values()].filter((message) => message.includes(folder))).toEqual([]);
    expect(said.get('b-enum.ts')).toContain('enum is not supported');
    expect(said.get('d-throws.ts')).toContain('boom 1');
    expect(said.get('e-text.ts')).toContain('just a text');
    expect(said.get('f-package.ts')).toContain("Cannot find package 'no-such-package'");
    expect(said.get('g-file.ts')).toContain("Cannot find module 'gone.ts'");
    expect(said.get('h-name.ts')).toContain('defineJobs');
    expect(said.get('i-nothing.ts')).toContain('exports no job');
    expect(said.get('j-refused.ts')).toContain('"retrys" is no option of a job');
    expect(said.get('k-kind.yaml')).toMatch(/^line 3, column 5: says not what it does/);
    expect(said.get('n-reader.ts')).toContain('/steps/0/reader: reader is missing');
    expect(said.get('o-helper/index.ts')).toContain('in o-helper/wrong.ts, line 1');
    expect(said.get('r-latin.yaml')).toContain('not UTF-8');
  });

  it('may never finish loading', async () => {
    await write({ 'fine.ts': job('Fine'), 'hangs.ts': 'await new Promise(() => {});\n' });
    const { jobs, broken } = await load('0.2');
    expect(jobs.map(({ name }) => name)).toEqual(['Fine']);
    expect(broken).toEqual([
      {
        file: 'hangs.ts',
        line: null,
        column: null,
        message: expect.stringContaining('has not finished loading'),
        jobs: [],
      },
    ]);
  });

  it('that would end the process can be found out and withheld', async () => {
    await write({ 'a.ts': job('A'), 'b.ts': 'process.exit(1);\n', 'c.ts': job('C') });
    const { jobs, broken, beginning } = await load('10', 'b.ts');
    expect(beginning).toEqual(['a.ts', 'c.ts']);
    expect(jobs.map(({ name }) => name)).toEqual(['A', 'C']);
    expect(broken.map(({ file }) => file)).toEqual(['b.ts']);
  });

  it('may be a link to somewhere else, a folder or far too large', async () => {
    await write({ 'helper/one.ts': job('One') });
    await symlink(path.join(folder, 'helper/one.ts'), path.join(folder, 'link.ts'));
    await symlink('/etc', path.join(folder, 'etc'));
    await mkdir(path.join(folder, 'linked'));
    await symlink(path.join(folder, 'helper/one.ts'), path.join(folder, 'linked/index.ts'));
    await mkdir(path.join(folder, 'folder.ts'));
    await write({ 'large.yaml': `name: Large\n${'# much\n'.repeat(200_000)}` });
    const { jobs, broken } = await load();
    expect(jobs).toEqual([]);
    expect(broken.map(({ file, message }) => [file, /symbolic link|bytes/.exec(message)?.[0]])).toEqual([
      ['etc', 'symbolic link'],
      ['large.yaml', 'bytes'],
      ['link.ts', 'symbolic link'],
      ['linked/index.ts', 'symbolic link'],
    ]);
  });

  it('is known by the job that it was to define, as far as anybody can tell', async () => {
    await write({
      'a.yaml': 'name: Yaml\nsteps:\n  - {name: One, shell: [echo], dependsOn: [Two]}\n',
      'b.yaml': '{ "name": "Quoted", \n',
      'c.yaml': "steps: {\nname: 'With space' # not now\n",
      'd.ts': job('Code').replace('export default', 'export default ('),
      'e.ts': job('Hangs') + 'await new Promise(() => setInterval(() => {}, 1000));',
      'f.ts': job('Withheld'),
      'g.ts': '/'.repeat(70_000) + job('Late') + 'nothing;',
      'h.ts': 'nothing;',
      'i.ts': "import { defineFlow } from 'batchy';\nexport const flow = defineFlow('Flow', nothing);\n",
    });
    const { broken } = await load('0.5', 'f.ts');
    expect(Object.fromEntries(broken.map(({ file, jobs: names }) => [file, names]))).toEqual({
      'a.yaml': ['Yaml'],
      'b.yaml': ['Quoted'],
      'c.yaml': ['With space'],
      'd.ts': ['Code'],
      'e.ts': ['Hangs'],
      'f.ts': ['Withheld'],
      'g.ts': [],
      'h.ts': [],
      'i.ts': ['Flow'],
    });
  });
});

describe('jobs that cannot both be loaded', () => {
  it('of one name: both files are named, neither is loaded', async () => {
    await write({ 'a.ts': job('Same'), 'b.ts': job('Same'), 'c.ts': job('Other') });
    const { jobs, broken } = await load();
    expect(jobs.map(({ name }) => name)).toEqual(['Other']);
    expect(broken.map(({ file, jobs: names }) => [file, names])).toEqual([
      ['a.ts', ['Same']],
      ['b.ts', ['Same']],
    ]);
    for (const { message } of broken) expect(message).toContain('there are two jobs "Same" (in a.ts and b.ts)');
  });

  it('of one job of a workflow: the same', async () => {
    await write({
      'a.ts': job('A', "workflow: 'orders',"),
      'b.ts': job('B', "workflow: 'orders', jobs: ['x'],"),
      'c.ts': job('C', "workflow: 'customers', jobs: ['x'],"),
      'd.ts': job('D', "workflow: 'customers', jobs: ['y'],"),
    });
    const { jobs, broken } = await load();
    expect(jobs.map(({ name }) => name)).toEqual(['C', 'D']);
    expect(broken.map(({ file }) => file)).toEqual(['a.ts', 'b.ts']);
    for (const { message } of broken) expect(message).toContain('job "x" of workflow "orders"');
  });
});
