import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';

import { version } from '../../src/config/version.ts';
import { errorCodes } from '../../src/domain/errors.ts';
import { problemKinds } from '../../src/http/problems.ts';
import { fakeJobs } from './fake-jobs.ts';
import { fixedCatalog } from './fixed-catalog.ts';
import {
  callStream,
  type Document,
  exampleConfiguration,
  exampleRequest,
  fetchDocument,
  isStream,
  type MediaObject,
  type Operation,
  operationsOf,
  prepareExamples,
} from './openapi-requests.ts';
import { testApp } from './test-app.ts';

const root = path.resolve(import.meta.dirname, '../..');

async function exampleApp() {
  const jobSide = fixedCatalog({ name: 'LoadOrders' });
  const app = await testApp({ cfg: exampleConfiguration, services: fakeJobs().services, jobSide });
  await prepareExamples(app);
  const set = await app.call('PUT', '/schedules/nightly', { body: { job: 'LoadOrders', cron: '0 2 * * *' } });
  expect(set.status).toBe(200);
  return app;
}

test('the document is OpenAPI 3.1 and clean under the linter’s recommended rules', async () => {
  const document = await fetchDocument(await testApp());
  expect(document.openapi).toMatch(/^3\.1\./);
  expect(document.info.version).toBe(version);
  const folder = mkdtempSync(path.join(tmpdir(), 'batchy-openapi-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'openapi.json');
  writeFileSync(file, JSON.stringify(document));
  const { exitCode, all } = await execa(
    process.execPath,
    [path.join(root, 'node_modules/@redocly/cli/bin/cli.js'), 'lint', '--extends=recommended', '--format=json', file],
    {
      cwd: folder,
      all: true,
      reject: false,
      // It neither tells anybody that it ran nor asks whether there is a newer one.
      env: { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    },
  );
  expect({ exitCode, all }).toMatchObject({
    exitCode: 0,
    all: expect.stringMatching(/"errors": 0,\s*"warnings": 0/) as string,
  });
});

test('every operation has a name of its own, a scope, an example of its answer and of each problem', async () => {
  const operations = operationsOf(await fetchDocument(await testApp()));
  const names = operations.map(({ object }) => object.operationId);
  expect(new Set(names).size).toBe(names.length);
  const lacking = operations.flatMap((operation) => lacks(operation).map((what) => `${operation.title}: ${what}`));
  expect(lacking).toEqual([]);
});

function lacks({ object }: Operation): string[] {
  const { responses } = object;
  const found: string[] = [];
  if (!['public', 'read', 'operate', 'admin'].includes(object['x-scope'])) found.push('x-scope');
  if (object.tags.length === 0 || object.summary === '') found.push('tag or summary');
  if (!Object.keys(responses).some((status) => status.startsWith('2'))) found.push('a success');
  for (const [status, { content = {} }] of Object.entries(responses)) {
    if (status !== '204' && Object.keys(content).length === 0) found.push(`content of ${status}`);
    for (const [type, media] of Object.entries(content)) {
      if (examplesOf(media).length === 0) found.push(`an example of ${status} ${type}`);
      if (Number(status) >= 400 && type !== 'application/problem+json') found.push(`${status} is no problem`);
    }
  }
  return found;
}

function examplesOf({ example, examples = {} }: MediaObject): unknown[] {
  return example === undefined ? Object.values(examples).map(({ value }) => value) : [example];
}

test('a GET that changes state says that it is kept for tools that can only fetch a URL', async () => {
  const operations = operationsOf(await fetchDocument(await testApp()));
  const changing = operations.filter(({ method, object }) => method === 'GET' && object['x-effects'] === true);
  expect(changing.map(({ path }) => path).sort()).toEqual([
    '/close_batch/{wf}',
    '/fail_batch/{wf}',
    '/load_cfg/{wf}',
    '/open_batch/{wf}',
    '/open_batch/{wf}/{format}',
  ]);
  for (const { object } of changing) expect(object.description).toMatch(/can only fetch a URL/);
});

test('every example that stands in the document fits its schema', async () => {
  const document = await fetchDocument(await testApp());
  const wrong: string[] = [];
  for (const { title, object } of operationsOf(document))
    for (const [status, { content = {} }] of Object.entries(object.responses))
      for (const [type, media] of Object.entries(content))
        for (const example of examplesOf(media)) {
          const violation = violationOf(document, media.schema, example);
          if (violation !== null) wrong.push(`${title} ${status} ${type}: ${violation}`);
        }
  expect(wrong).toEqual([]);
});

test('every operation’s example works, and its answer fits the schema that stands beside it', async () => {
  const document = await fetchDocument(await testApp());
  for (const operation of operationsOf(document)) {
    const app = await exampleApp();
    const request = exampleRequest(operation);
    const etag = String((await app.call('GET', '/get_status/orders')).headers['etag']);
    const headers = { ...request.headers, ...('if-match' in request.headers ? { 'if-match': etag } : {}) };
    const { status, type, text } = isStream(operation)
      ? await callStream(app, { ...request, headers }, 1)
      : await app.call(request.method, request.url, { headers, body: request.body }).then((called) => ({
          status: called.status,
          type: String(called.headers['content-type']),
          text: called.text,
        }));
    expect(Object.keys(operation.object.responses), operation.title).toContain(String(status));
    expect(status, `${operation.title}: ${text}`).toBeLessThan(300);
    if (status === 204) continue;
    const mediaType = type.split(';', 1)[0] as string;
    const media = operation.object.responses[status]?.content?.[mediaType];
    if (media === undefined)
      throw new Error(`${operation.title} answers ${mediaType}, which the document does not name`);
    const value: unknown = mediaType === 'application/json' ? JSON.parse(text) : text;
    expect(violationOf(document, media.schema, value), `${operation.title}: ${text.slice(0, 500)}`).toBeNull();
  }
});

test('lines of JSON fit the schema of a line', async () => {
  const app = await exampleApp();
  const document = await fetchDocument(app);
  for (const list of ['batches', 'journal']) {
    const { text } = await app.call('GET', `/workflows/orders/${list}`, {
      headers: { accept: 'application/x-ndjson' },
    });
    const media =
      document.paths[`/workflows/{wf}/${list}`]?.['get']?.responses['200']?.content?.['application/x-ndjson'];
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(violationOf(document, media?.schema, JSON.parse(line))).toBeNull();
  }
});

test('problems fit the schema of problems', async () => {
  const app = await exampleApp();
  const document = await fetchDocument(app);
  for (const url of [
    '/get_status/unknown',
    '/workflows/orders/batches?limit=x',
    '/nowhere',
    '/open_batch/orders/xml',
  ]) {
    const { text, headers } = await app.call('GET', url);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(violationOf(document, { $ref: '#/components/schemas/Problem' }, JSON.parse(text))).toBeNull();
  }
});

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
/** By the schema's text: the same few stand at many places. */
const validators = new Map<string, ValidateFunction>();

/** @returns what is wrong, or `null` */
function violationOf({ components }: Document, schema: unknown, value: unknown): string | null {
  const text = JSON.stringify(schema);
  const validate = validators.get(text) ?? ajv.compile({ ...(schema as object), components });
  validators.set(text, validate);
  return validate(value) ? null : ajv.errorsText(validate.errors);
}

test('Swagger UI comes whole from this service, and its requests go to it', async () => {
  const app = await testApp();
  const page = await app.call('GET', '/docs/');
  expect(page.status).toBe(200);
  const policy = String(page.headers['content-security-policy']);
  expect(policy).toMatch(/default-src 'self'/);
  expect(policy).not.toMatch(/upgrade-insecure-requests/);
  const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url);
  expect(assets.length).toBeGreaterThan(3);
  for (const asset of assets) {
    expect(asset).not.toMatch(/^(https?:)?\/\//);
    expect((await app.call('GET', path.posix.join('/docs', asset))).status, asset).toBe(200);
  }
  const initializer = await app.call('GET', '/docs/static/swagger-initializer.js');
  expect(initializer.text).toContain("resolveUrl('./json')");
  const document = (await app.call('GET', '/docs/json')).json as Document;
  expect(document).toEqual(await fetchDocument(app));
  expect(document.servers.map(({ url }) => url)).toEqual(['/']);
});

test('every problem’s type points at a page that says what to do', async () => {
  const app = await testApp();
  for (const code of errorCodes) {
    const page = await app.call('GET', `/problems/${code}`);
    expect(page.status).toBe(200);
    expect(page.text).toContain(`HTTP ${problemKinds[code].status}`);
  }
});

test('an unknown problem is a problem, and nothing of its name is taken for HTML', async () => {
  const app = await testApp();
  const page = await app.call('GET', `/problems/${encodeURIComponent('<script>')}`);
  expect(page.status).toBe(404);
  expect(page.headers['content-type']).toMatch(/^application\/problem\+json/);
});
