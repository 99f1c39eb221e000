import fc from 'fast-check';

import { hostileText, jobName, number, time, zone } from './text-grammar.ts';

/** Names that mean something to Batchy, and to JavaScript. */
const parameterName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('rows', 'table', 'note', 'password', 'to_date', 'lag_minutes', 'max_window_hours', 'emit_to_date'),
  fc.constantFrom('from_date', 'status', 'batch_id', 'batch_start', 'batch_end', 'reprocess_hours', 'trunc_start'),
  fc.constantFrom('timezone', 'require_fence', '__proto__', 'constructor', 'toString', '_infa', '', 'a.b', '$x', '[x]'),
  hostileText,
);

/** A JSON text, not a value: numbers, escapes and repeated keys keep their form. */
const scalar: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('true', 'false', 'null', '""', '{}', '[]'),
  number.filter((text) => /^-?\d/.test(text) && !text.startsWith('0x')),
  hostileText.map((text) => JSON.stringify(text)),
  time.map((text) => JSON.stringify(text)),
  zone.map((text) => JSON.stringify(text)),
  fc.constantFrom('"new"', '"open"', '"success"', '"failed"', '"failure"', '"\\ud800"', '"\\u0000"', '"yes"'),
);

const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    members(parameterName, tie('value')),
  ),
}));

export const jsonValue: fc.Arbitrary<string> = value;

function members(name: fc.Arbitrary<string>, held: fc.Arbitrary<string>, maxLength = 4): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(name, held), { maxLength })
    .map((pairs) => `{${pairs.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`);
}

/** An object with the given members, each most of the time, and now and then one that nobody asked for. */
function object(fields: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<string> {
  const given = Object.entries(fields).map(([name, held]) =>
    fc.option(held, { freq: 9 }).map((text) => (text === null ? [] : [`${JSON.stringify(name)}:${text}`])),
  );
  const stray = fc.oneof(
    { weight: 15, arbitrary: fc.constant<string[]>([]) },
    {
      weight: 1,
      arbitrary: members(parameterName, scalar, 1).map((text) => [text.slice(1, -1)].filter((it) => it !== '')),
    },
  );
  return fc.tuple(...given, stray).map((parts) => `{${parts.flat().join(',')}}`);
}

const quoted = (text: fc.Arbitrary<string>): fc.Arbitrary<string> => text.map((it) => JSON.stringify(it));
const reason = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('"because"', '"x"') },
  { weight: 1, arbitrary: quoted(hostileText) },
  { weight: 1, arbitrary: jsonValue },
);
const instant = fc.oneof({ weight: 8, arbitrary: quoted(time) }, { weight: 1, arbitrary: jsonValue });

/** What a route with a body expects, by the end of its path; wrong in small things more often than not. */
const expected: readonly (readonly [RegExp, fc.Arbitrary<string>])[] = [
  [
    /launch$/,
    object({
      n: fc.oneof({ weight: 3, arbitrary: fc.constantFrom('1', '2') }, { weight: 1, arbitrary: jsonValue }),
      from_date: fc.oneof({ weight: 3, arbitrary: fc.constant('"2026-11-01"') }, { weight: 1, arbitrary: instant }),
      to_date: fc.oneof({ weight: 3, arbitrary: fc.constant('"2026-11-02"') }, { weight: 1, arbitrary: instant }),
      x: fc.oneof(jsonValue, fc.constant('{"value":1,"identifying":false}')),
    }),
  ],
  [
    /backfill$/,
    object({
      from: fc.oneof({ weight: 4, arbitrary: fc.constant('"2026-11-01"') }, { weight: 1, arbitrary: instant }),
      to: fc.oneof({ weight: 4, arbitrary: fc.constant('"2026-11-02"') }, { weight: 1, arbitrary: instant }),
      job: fc.oneof(
        quoted(jobName),
        fc.array(quoted(jobName), { maxLength: 3 }).map((it) => `[${it.join(',')}]`),
      ),
      reason,
    }),
  ],
  [
    /jobs\/\{job\}$/,
    object({
      set: members(parameterName, value, 3),
      remove: fc.array(quoted(parameterName), { maxLength: 3 }).map((it) => `[${it.join(',')}]`),
      reason: fc.constantFrom('"because"', '"mended"', '"because"', '""', 'null', '7'),
    }),
  ],
  [
    /./,
    members(jobName, members(fc.constantFrom('rows', 'note', 'table', 'to_date', 'status', '__proto__'), value, 3), 2),
  ],
];

const deep = fc.constantFrom(
  '['.repeat(65) + ']'.repeat(65),
  '['.repeat(60_000),
  '{"a":'.repeat(5000) + '1' + '}'.repeat(5000),
);

/** The bytes of a body: the expected one, another, or one that a careless or hostile client makes of it. */
export function bodyOf(path: string): fc.Arbitrary<Buffer> {
  const right = expected.find(([pattern]) => pattern.test(path))?.[1] ?? jsonValue;
  const bytes = right.map((text) => Buffer.from(text));
  return fc.oneof(
    { weight: 16, arbitrary: bytes },
    { weight: 3, arbitrary: jsonValue.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: deep.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: right.map((text) => Buffer.from(`\ufeff${text}`)) },
    { weight: 1, arbitrary: right.map((text) => Buffer.from(text, 'utf16le')) },
    { weight: 1, arbitrary: right.map((text) => Buffer.from(`${text}${text}`)) },
    { weight: 1, arbitrary: right.map((text) => Buffer.from(text.replace(/^\{(.+)\}$/s, '{$1,$1}'))) },
    { weight: 1, arbitrary: fc.tuple(bytes, fc.nat()).map(([body, at]) => body.subarray(0, at % (body.length + 1))) },
    { weight: 2, arbitrary: fc.tuple(bytes, fc.nat(), fc.nat({ max: 255 })).map(withByte) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((body) => Buffer.from(body)) },
    { weight: 1, arbitrary: fc.constant(Buffer.alloc(0)) },
  );
}

export function withByte([bytes, at, byte]: readonly [Buffer, number, number]): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[at % copy.length] = byte;
  return copy;
}
