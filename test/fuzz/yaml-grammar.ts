import fc from 'fast-check';

import { withByte } from './json-grammar.ts';
import { hostileText, jobs, number, time, zone } from './text-grammar.ts';

const key = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('from_date', 'status', 'reprocess_hours', 'trunc_start', 'timezone', 'table'),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom('batch_start', 'batch_end', 'batch_id', 'emit_to_date', 'to_date', 'lag_minutes'),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('max_window_hours', 'require_fence', '<<', '_infa', '__proto__', '? x', '1', '~'),
  },
  { weight: 1, arbitrary: hostileText },
  { weight: 1, arbitrary: hostileText.map((text) => JSON.stringify(text)) },
);

const plain = fc.oneof(
  fc.constantFrom(
    'yes',
    'no',
    'on',
    'Off',
    'TRUE',
    '~',
    'null',
    '',
    '.inf',
    '.nan',
    '0o17',
    '0b11',
    '1_000',
    '12:30:45',
  ),
  fc.constantFrom(
    'new',
    'open',
    'success',
    'failed',
    'failure',
    'UTC',
    '5',
    '2.5',
    '-1',
    '!!str 1',
    '!!python/object x',
  ),
  fc.constantFrom(
    '&a 1',
    '*a',
    '*nobody',
    '|\n    text',
    '>-\n    folded',
    '!!binary aGk=',
    '!!set {a}',
    '# nothing',
    '@x',
    '%x',
  ),
  number,
  time,
  zone,
  hostileText.map((text) => JSON.stringify(text)),
  hostileText.map((text) => `'${text.replaceAll("'", "''")}'`),
  hostileText,
);

const flow = fc.oneof(
  fc.array(plain, { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
  fc
    .array(fc.tuple(key, plain), { maxLength: 3 })
    .map((items) => `{${items.map((pair) => pair.join(': ')).join(', ')}}`),
);

const member = fc
  .tuple(
    key,
    fc.oneof({ weight: 6, arbitrary: plain }, { weight: 1, arbitrary: flow }),
    fc.constantFrom('  ', '  ', '  ', '\t', '   '),
  )
  .map(([name, value, indent]) => `${indent}${name}: ${value}`);

const jobName = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...jobs) },
  { weight: 2, arbitrary: fc.constantFrom('_infa', '_other', '<<', '1', 'yes', '? job', '"job1"', '&j job1') },
  { weight: 1, arbitrary: hostileText },
);

const job = fc
  .tuple(jobName, fc.array(member, { maxLength: 6 }), fc.constantFrom('', '', '', ' {}', ' &base', ' *base', ' []'))
  .map(([name, members, tail]) => [`${name}:${tail}`, ...members].join('\n'));

/** Each alias holds the one before ten times over. */
const bomb = `a: &a [x]\n${'abcdefghi'
  .split('')
  .map((name, index, all) =>
    index === 0
      ? ''
      : `${name}: &${name} [${Array(10)
          .fill(`*${all[index - 1]}`)
          .join(', ')}]`,
  )
  .join('\n')}`;

const whole = fc.constantFrom(
  bomb,
  '- a list\n- at the top',
  'just text',
  '42',
  '',
  '---\n',
  '--- {}\n--- {}\n',
  '%YAML 1.1\n---\njob1: {}\n',
  'job1: &x\n  self: *x\n',
  `job1: ${'['.repeat(2000)}${']'.repeat(2000)}`,
  `job1:\n${'  '.repeat(1)}note: ${'x'.repeat(300_000)}`,
  'job1: {}\njob1: {}\n',
  'job1:\n\tfrom_date: 2026-01-01\n',
  'job1:\n  from_date: !!timestamp 2026-01-01\n',
);

/** The bytes of a configuration file. */
export const configurationFile: fc.Arbitrary<Buffer> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.array(job, { minLength: 1, maxLength: 4 }).map((all) => Buffer.from(`${all.join('\n')}\n`)),
  },
  { weight: 2, arbitrary: whole.map((text) => Buffer.from(text)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.array(job, { minLength: 1, maxLength: 3 }).map((all) => Buffer.from(all.join('\n'))),
        fc.nat(),
        fc.nat({ max: 255 }),
      )
      .map(withByte),
  },
  { weight: 1, arbitrary: fc.array(job, { maxLength: 2 }).map((all) => Buffer.from(`\ufeff${all.join('\n')}`)) },
  { weight: 1, arbitrary: fc.array(job, { maxLength: 2 }).map((all) => Buffer.from(all.join('\n'), 'utf16le')) },
);
