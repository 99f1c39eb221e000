import fc from 'fast-check';

/** Stand-ins for what only the answers so far can tell; put in when a request is sent. */
export const currentBatch = 'CURRENT-BATCH';
export const currentEtag = 'CURRENT-ETAG';
export const lastCursor = 'LAST-CURSOR';

/** The workflows and jobs of the fuzzed service: most requests must reach a handler, else only the router is tested. */
export const workflows = ['wf1', 'emits', 'changing'] as const;
export const jobs = ['job1', 'job2', 'with space', 'ünïcode'] as const;

const hostile = [
  '',
  ' ',
  '.',
  '..',
  '../../etc/passwd',
  '..\\..\\windows',
  'a\u0000b',
  'x'.repeat(10_000),
  'wf1-1467149783',
  'wf1-1467149783-init',
  'wf1-',
  'batchy:ledger:wf1',
  'batchy:',
  '_infa',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '\ud800',
  'a\udfff',
  '%',
  '%zz',
  '%00',
  '\u202e',
  '\u2028',
  '\ufeff',
  'é',
  '\r\nX-Injected: yes',
  '\n',
  '\t',
  ';',
  '"',
  "'",
  '<script>alert(1)</script>',
  '$(id)',
  '`id`',
  '{{7*7}}',
  '*',
  '?',
  '#',
  '/',
  'true',
  'null',
  'undefined',
  '🏁'.repeat(200),
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...hostile),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);

export const number: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('0', '-0', '1', '-1', '1.0', '1.50', '1e3', '1e309', '-1e309', '1e-400', '0x10', 'NaN', 'Infinity'),
  fc.constantFrom('9007199254740993', '99999999999999999999', '-9223372036854775809', '1467149783', '999999999999999'),
  fc.integer().map(String),
  fc.double().map(String),
  fc.bigInt().map(String),
);

export const time: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('2026-11-20', '2026-11-20T10:00', '2026-11-20 10:00:00.5', '2026-11-20T10:00:00.123456789Z'),
  fc.constantFrom(
    '2026-10-25T02:30:00+02:00',
    '1776-07-04T23:59:00',
    '2099-01-01',
    '0001-01-01',
    '9999-12-31T23:59:59',
  ),
  fc.constantFrom(
    '2026-02-30',
    '0000-00-00',
    '10000-01-01',
    '-0001-01-01',
    '2026-11-21T24:00:00',
    '2026-11-21T23:59:60',
  ),
  fc.constantFrom('2026-11-21T10:00:00+25:00', '2026-11-21T10:00:00.', '20261121', '2026-W47', 'yesterday', ''),
  fc
    .date({ min: new Date('1900-01-01T00:00:00Z'), max: new Date('2100-01-01T00:00:00Z'), noInvalidDate: true })
    .map((date) => date.toISOString()),
);

export const zone: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('UTC', 'Europe/Berlin', 'America/Havana', 'Africa/Cairo', 'Asia/Beirut', 'Pacific/Apia'),
  fc.constantFrom('Mars/Olympus', 'utc+25', '+02:00', 'Europe/../Berlin', 'SYSTEM', ''),
);

/** A text that is right most of the time. */
export function mostly(right: fc.Arbitrary<string>, weight = 12): fc.Arbitrary<string> {
  return fc.oneof({ weight, arbitrary: right }, { weight: 1, arbitrary: hostileText });
}

export const jobName: fc.Arbitrary<string> = mostly(fc.constantFrom(...jobs, 'job1', 'job1', 'job2'));
export const workflowName: fc.Arbitrary<string> = mostly(
  fc.constantFrom(...workflows, ...workflows, 'wf1', 'wf1', 'wf1', 'absent'),
  25,
);
