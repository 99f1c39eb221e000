import fc from 'fast-check';

import { bodyOf } from './json-grammar.ts';
import {
  currentBatch,
  currentEtag,
  hostileText,
  jobName,
  lastCursor,
  mostly,
  number,
  time,
  workflowName,
  workflows,
  zone,
} from './text-grammar.ts';
import { configurationFile } from './yaml-grammar.ts';

/** One request as bytes on the wire will be, but for the stand-ins that are put in when it is sent. */
export interface FuzzRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** A configuration that is put into its folder before the request. */
  readonly file: { readonly name: string; readonly bytes: Buffer } | null;
  /** By how much time has passed since the request before, in seconds. */
  readonly seconds: number;
}

interface ParameterSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly ParameterSchema[];
}

/** As much of an OpenAPI document as is needed to ask for everything that it describes. */
export interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
}
interface DescribedOperation {
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: ParameterSchema }[];
  readonly requestBody?: unknown;
}

export const adminKey = 'the-key-of-the-fuzzed-service';

const methods = ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'];

/** Requests over every route of the document, beside it, and with every header that the service reads. */
export function requestsOver(document: Described): fc.Arbitrary<FuzzRequest> {
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method]) => methods.includes(method.toUpperCase()))
      .map(([method, operation]) => ({
        // What changes something is what can go wrong; reads are many. Without its workflow nothing else is reached.
        weight: method === 'delete' ? 1 : method === 'get' ? 2 : 8,
        arbitrary: requestOf(method.toUpperCase(), path, operation),
      })),
  );
  return fc.oneof(
    { weight: 20, arbitrary: fc.oneof(...described) },
    { weight: 1, arbitrary: requestOf('GET', '/{wf}/{job}', {}) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('/docs', '/docs/static/index.html', '/docs/json', '//', '/*')
        .chain((path) => requestOf('GET', path, {})),
    },
  );
}

function requestOf(method: string, path: string, operation: DescribedOperation): fc.Arbitrary<FuzzRequest> {
  const parameters = operation.parameters ?? [];
  const query = parameters.filter((parameter) => parameter.in === 'query');
  const loads = path.startsWith('/load_cfg');
  return fc.record({
    method: fc.oneof(
      { weight: 9, arbitrary: fc.constant(method) },
      { weight: 1, arbitrary: fc.constantFrom(...methods) },
    ),
    url: fc.tuple(pathOf(path), queryOf(query)).map(([where, what]) => where + what),
    headers: headersOf(parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name)),
    body: fc.option(bodyOf(path), { freq: operation.requestBody === undefined ? 1 : 9 }),
    file: loads
      ? fc.option(fc.record({ name: fc.constantFrom(...workflows), bytes: configurationFile }), { freq: 2 })
      : fc.constant(null),
    seconds: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 7200 }) }),
  });
}

const pathParameters: Readonly<Record<string, fc.Arbitrary<string>>> = {
  wf: workflowName,
  job: jobName,
  format: mostly(fc.constantFrom('json', 'infa', 'infa', 'xml')),
  batch_id: mostly(fc.oneof(fc.constant(currentBatch), number, fc.constant('1795298014-init'))),
  id: mostly(fc.constantFrom('1', '2', '3', '4', '5', '6')),
  name: mostly(fc.constantFrom('Plain', 'Bound', 'Nightly', 'First', 'Nope')),
  code: mostly(fc.constantFrom('stale-batch', 'internal', 'nothing')),
};

function pathOf(path: string): fc.Arbitrary<string> {
  const parts = path.split(/\{(\w+)\}/);
  return fc
    .tuple(
      ...parts.map((part, index) =>
        index % 2 === 0 ? fc.constant(part) : escaped(pathParameters[part] ?? hostileText),
      ),
    )
    .map((pieces) => pieces.join(''));
}

function queryOf(
  parameters: readonly { readonly name: string; readonly schema: ParameterSchema }[],
): fc.Arbitrary<string> {
  const known = parameters.map(({ name, schema }) =>
    // A wait that is not told to answer at once would only make the run longer.
    fc
      .option(escaped(valueOf(name, schema)), {
        freq: name === 'confirm' || name === 'timeout' || name === 'wait' ? 40 : 1,
      })
      .map((value) => (value === null ? [] : [`${name}=${value}`])),
  );
  const stray = fc.oneof(
    { weight: 20, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: fc.tuple(escaped(hostileText), escaped(hostileText)).map((pair) => [pair.join('=')]) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('job=job1&job=job2', '__proto__=1', 'a[b]=c', '&&', '=', '%', 'job').map((it) => [it]),
    },
  );
  return fc.tuple(...known, stray).map((parts) => {
    const all = parts.flat();
    return all.length === 0 ? '' : `?${all.join('&')}`;
  });
}

const byName: Readonly<Record<string, fc.Arbitrary<string>>> = {
  job: fc.oneof(
    jobName,
    fc.tuple(jobName, jobName).map((names) => names.join(',')),
  ),
  batch_id: fc.oneof({ weight: 4, arbitrary: fc.constant(currentBatch) }, { weight: 1, arbitrary: number }),
  reason: fc.constantFrom('because', 'two words', 'x'.repeat(1001)),
  profile: fc.constantFrom('batchy', 'powercenter', 'iics', 'xml'),
  cursor: fc.oneof(
    fc.constant(lastCursor),
    fc.json({ maxDepth: 2 }).map((text) => Buffer.from(text).toString('base64url')),
    fc
      .constantFrom('{"number":1}', '{"name":"a","updated_at":"x"}', '{"sequence":-1}', '{"number":1e309,"id":""}')
      .map((text) => Buffer.from(text).toString('base64url')),
  ),
  timezone: zone,
  new_day: fc.constantFrom('06:00', '00:00', '24:00', '6', '23:59:59', '-1:00'),
  date: fc.oneof(fc.constantFrom('2026-11-21', '2026-02-30', '0000-00-00', '9999-12-31', '0001-01-01'), time),
  last_event_id: number,
  timeout: fc.constantFrom('0', '0', '0', '0', '-1', '1e9', '999999999999999', 'x'),
  limit: fc.oneof(fc.constantFrom('1', '2', '500', '0', '501'), number),
  from: time,
  to: time,
  as_of: time,
  job_name: fc.constantFrom('Plain', 'Nope', 'é', '*', '\u0000'),
  offset: fc.oneof(fc.constantFrom('0', '1', '40', '1000000'), number),
  started_after: time,
  started_before: time,
  prefix: fc.constantFrom('w', 'wf1', 'é', '*', '[', '\u0000', 'x'.repeat(200)),
};

function valueOf(name: string, schema: ParameterSchema): fc.Arbitrary<string> {
  if (name === 'confirm') return workflowName;
  if (name === 'timeout' || name === 'wait') return mostly(byName['timeout'] as fc.Arbitrary<string>, 30);
  const choices = choicesOf(schema);
  if (choices.length > 0) return mostly(fc.constantFrom(...choices.map(String)));
  if (schema.type === 'boolean') return mostly(fc.constantFrom('true', 'false', '1', '0', '', 'TRUE', 'yes'));
  return mostly(byName[name] ?? fc.oneof(time, number, jobName, workflowName));
}

const headerText = hostileText.map((text) => text.slice(0, 300).replaceAll(/[^\u0020-\u007e\u0080-\u00ff]/g, '?'));

function choicesOf(schema: ParameterSchema): readonly unknown[] {
  if (schema.const !== undefined) return [schema.const];
  return schema.enum ?? schema.anyOf?.flatMap(choicesOf) ?? [];
}

const headerValues: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'idempotency-key': fc.oneof(fc.constantFrom('k1', 'k2', 'k3', 'a b', '', 'x'.repeat(256)), fc.uuid()),
  'if-match': fc.oneof(
    { weight: 4, arbitrary: fc.constant(currentEtag) },
    { weight: 1, arbitrary: fc.constantFrom('*', '"x"', 'W/"x"', '', ' ', `"a", ${currentEtag}`) },
  ),
  'last-event-id': fc.oneof(fc.constantFrom('0', '1', '5'), number),
};

const strayHeaders: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  fc
    .constantFrom(
      '*/*',
      'application/x-ndjson',
      'text/event-stream',
      'application/xml',
      'application/json;q=0',
      ',,;',
      '',
    )
    .map((accept) => ({
      accept,
    })),
  fc.constantFrom('prefetch', 'prefetch;prerender', 'preview').map((purpose) => ({ 'sec-purpose': purpose })),
  fc.record({ accept: headerText }),
  fc.record({ 'accept-encoding': headerText, 'accept-version': headerText }),
  fc.record({ 'x-forwarded-for': headerText, 'user-agent': headerText, cookie: headerText, origin: headerText }),
  fc.record({ 'last-event-id': headerText, 'if-match': headerText, 'idempotency-key': headerText }),
);

function headersOf(named: readonly string[]): fc.Arbitrary<Record<string, string>> {
  const known = named.map((name) =>
    fc
      .option(
        fc.oneof({ weight: 10, arbitrary: headerValues[name] ?? headerText }, { weight: 1, arbitrary: headerText }),
        {
          freq: name === 'if-match' ? 9 : 1,
        },
      )
      .map((value): Record<string, string> => (value === null ? {} : { [name]: value })),
  );
  return fc
    .tuple(authorization, contentType, strayHeaders, ...known)
    .map((parts) => Object.assign({}, ...parts) as Record<string, string>);
}

const authorization: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 30, arbitrary: fc.constant({ authorization: `Bearer ${adminKey}` }) },
  { weight: 2, arbitrary: fc.constant({ authorization: `Basic ${Buffer.from(`x:${adminKey}`).toString('base64')}` }) },
  { weight: 1, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('Bearer ', 'Basic ', 'bearer', 'Digest ', ''), headerText)
      .map((parts) => ({ authorization: parts.join('') })),
  },
);

const contentType: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 20, arbitrary: fc.constant({ 'content-type': 'application/json' }) },
  { weight: 1, arbitrary: fc.constant({}) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(
        'application/json; charset=utf-16',
        'application/json;charset=utf-8',
        'Application/JSON',
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/problem+json',
        'json',
        '/',
        ';',
        '',
      )
      .map((type) => ({ 'content-type': type })),
  },
);

/** Percent-encoded so that it arrives as it is, mostly; sometimes as raw as a URL can be. Halves of surrogate pairs as their three bytes. */
function escaped(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(text, fc.nat({ max: 9 })).map(([value, how]) => {
    if (value === currentBatch || value === lastCursor) return value;
    if (how === 0) return value.replaceAll(/[^\u0021-\u007e]|[#]/g, '');
    return Array.from(value, percentEncoded).join('');
  });
}

function percentEncoded(character: string): string {
  if (/[A-Za-z0-9._~-]/.test(character)) return character;
  if (character.isWellFormed()) return encodeURIComponent(character);
  const code = character.charCodeAt(0);
  return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]
    .map((byte) => `%${byte.toString(16).toUpperCase()}`)
    .join('');
}
