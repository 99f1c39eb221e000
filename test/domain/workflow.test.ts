import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  isExactNumber,
  numberFromSource,
  numberSource,
  parseJson,
  sameJson,
  stringifyJson,
} from '../../src/domain/json.ts';
import { checkWorkflowName, jobNameProblem } from '../../src/domain/names.ts';
import { readSpecialParameters, storedBatchId } from '../../src/domain/special-parameters.ts';
import {
  decodeLedger,
  decodeWorkflow,
  emptyLedger,
  encodeHead,
  encodeJobs,
  encodeLedger,
  jobStatuses,
  type Ledger,
  type Workflow,
  workflowStatus,
} from '../../src/domain/workflow.ts';
import { at, createScenario, refusal } from './scenario.ts';

const decode = (head: Record<string, string>, ledger: string | null = null) =>
  decodeWorkflow('wf1', { head: new Map(Object.entries(head)), ledger }) as Workflow;
const t = '2026-11-21T10:00:00';

describe('names of workflows', () => {
  test.each(['wf1', '_', '9', 'a.b-c_d', 'wf1-12345678', 'wf1-init', 'constructor', '__proto__', 'x'.repeat(128)])(
    '%s',
    (name) => expect(checkWorkflowName(name)).toBe(name),
  );
  test.each([
    '',
    '.hidden',
    '-x',
    '../../etc/passwd',
    'a\0b',
    'a b',
    'a/b',
    'a:b',
    'batchy:x',
    'ä',
    'x'.repeat(129),
    'x'.repeat(10_000),
    'wf1-1467149783',
    'wf1-1467149783-init',
    'wf1-123456789',
    'wf1\n',
  ])('%# is refused', (name) => {
    expect(refusal(() => checkWorkflowName(name))).toBe('invalid-name');
  });
});

describe('names of jobs', () => {
  test.each(['job1', '1', '__proto__'.slice(2), 'constructor', 'a b', 'ä€😀', 'x'.repeat(256)])('%# is one', (name) =>
    expect(jobNameProblem(name)).toBeNull(),
  );
  test.each(['', '_infa', '__proto__', 'x'.repeat(257), 'a\nb', 'a\u0000b', 'a\u2028b', 'a\u007f'])(
    '%j is refused',
    (name) => expect(jobNameProblem(name)).not.toBeNull(),
  );
});

describe('what is the user’s is carried as it was written', () => {
  const own =
    '{"n":1.0,"big":9007199254740993,"neg":-0,"huge":1e400,"exp":1E5,"deep":{"__proto__":{"x":[1.50]},"constructor":null},"__proto__":"mine","toString":true,"s":"\\u2028 \\ud83d\\ude00"}';

  test('through open and close, to the last digit', () => {
    const scenario = createScenario({ job1: {} });
    scenario.write({ name: 'wf1', next: decode({ job1: own }), deleted: false, records: [], journal: [] });
    scenario.open(t);
    scenario.close('2026-11-21T10:01:00');
    const text = scenario.texts().head.get('job1') as string;
    for (const part of [
      '"n":1.0',
      '"big":9007199254740993',
      '"neg":-0',
      '"huge":1e400',
      '"exp":1E5',
      '{"__proto__":{"x":[1.50]},"constructor":null}',
      '"__proto__":"mine"',
      '"toString":true',
    ])
      expect(text).toContain(part);
    expect((parseJson(text) as Record<string, unknown>)['s']).toBe('\u2028 😀');
  });

  test('any JSON, read and written, says the same', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(stringifyJson(parseJson(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('any number keeps its source', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,30})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/);
    fc.assert(
      fc.property(digits, (source) => {
        expect(stringifyJson(parseJson(`[${source}]`))).toBe(`[${source}]`);
        expect(numberSource(parseJson(source))).toBe(source);
      }),
    );
  });

  test('numbers compare by their text', () => {
    expect(isExactNumber(numberFromSource('1.0'))).toBe(true);
    expect(numberFromSource('12')).toBe(12);
    expect(sameJson(numberFromSource('1.0'), 1)).toBe(false);
    expect(sameJson(numberFromSource('1.0'), numberFromSource('1.0'))).toBe(true);
    expect(sameJson(undefined, null)).toBe(false);
  });
});

describe('special parameters of hard kinds', () => {
  const problems = (json: string): string[] => {
    const read = readSpecialParameters(new Map(Object.entries(parseJson(json) as object)));
    return 'problems' in read ? read.problems.map(({ pointer }) => pointer) : [];
  };
  test.each([
    ['{"reprocess_hours":-0}', []],
    ['{"reprocess_hours":-0.0e5}', []],
    ['{"reprocess_hours":1.0}', []],
    ['{"reprocess_hours":1e308}', []],
    ['{"reprocess_hours":null,"status":null,"from_date":null,"trunc_start":null,"batch_id":null}', []],
    ['{"reprocess_hours":-1e-400}', ['/reprocess_hours']],
    ['{"reprocess_hours":1e400}', ['/reprocess_hours']],
    ['{"reprocess_hours":"24"}', ['/reprocess_hours']],
    ['{"reprocess_hours":true}', ['/reprocess_hours']],
    ['{"status":"failure"}', []],
    ['{"status":"FAILED"}', ['/status']],
    ['{"status":"constructor"}', ['/status']],
    ['{"from_date":20261121}', ['/from_date']],
    ['{"batch_start":""}', ['/batch_start']],
    ['{"trunc_start":"true"}', ['/trunc_start']],
    ['{"trunc_start":1}', ['/trunc_start']],
    ['{"timezone":"Mars"}', []],
    ['{"timezone":"Mars","trunc_start":true}', ['/timezone']],
    ['{"timezone":5,"trunc_start":true}', ['/timezone']],
    ['{"to_date":5,"lag_minutes":"x","max_window_hours":-1,"emit_to_date":false}', []],
    [
      '{"to_date":"x","lag_minutes":"x","max_window_hours":-1,"emit_to_date":true}',
      ['/lag_minutes', '/max_window_hours', '/to_date'],
    ],
    ['{"batch_id":1.0}', ['/batch_id']],
    ['{"batch_id":9007199254740993}', ['/batch_id']],
    ['{"require_fence":"no"}', ['/require_fence']],
  ])('%s', (json, expected) => expect(problems(json)).toEqual(expected));

  test('an id is found beside what cannot be read', () => {
    expect(
      storedBatchId(
        new Map<string, string | number>([
          ['batch_id', 7],
          ['status', 'x'],
        ]),
      ),
    ).toBe(7);
    expect(storedBatchId(new Map([['batch_id', '7']]))).toBeNull();
  });
});

describe('a head as stored', () => {
  test.each([
    ['no JSON', '{'],
    ['Python’s NaN', '{"a":NaN}'],
    ['a list', '[]'],
    ['a number', '1.0'],
    ['null', 'null'],
    ['text', '"x"'],
  ])('a field that is %s is somebody else’s', (_name, text) =>
    expect(refusal(() => decode({ job1: text }))).toBe('foreign-data'),
  );

  test('a field that no job can be named', () => expect(refusal(() => decode({ _x: '{}' }))).toBe('foreign-data'));
  test('none', () => expect(decodeWorkflow('wf1', { head: null, ledger: null })).toBeNull());

  test('jobs come in the configuration’s order, others behind them by name, whatever their names', () => {
    const scenario = createScenario({ b: {} });
    const jobs = new Map([
      ['b', new Map()],
      ['10', new Map()],
      ['9', new Map()],
      ['constructor', new Map()],
    ]);
    const ledger: Ledger = { ...emptyLedger, order: [...jobs.keys()] };
    scenario.write({ name: 'wf1', next: { name: 'wf1', jobs, ledger }, deleted: false, records: [], journal: [] });
    scenario.foreign('z', {});
    scenario.foreign('a', {});
    expect([...scenario.workflow().jobs.keys()]).toEqual(['b', '10', '9', 'constructor', 'a', 'z']);
    scenario.open(t);
    expect([...scenario.workflow().jobs.keys()]).toEqual(['b', '10', '9', 'constructor', 'a', 'z']);
    expect(encodeJobs(scenario.workflow().jobs).indexOf('"10"')).toBeLessThan(
      encodeJobs(scenario.workflow().jobs).indexOf('"9"'),
    );
  });

  test('what is written is read back', () => {
    const workflow = decode({ a: '{"x":1.0}', b: '{}' });
    expect(decodeWorkflow('wf1', { head: encodeHead(workflow), ledger: encodeLedger(workflow.ledger) })).toEqual(
      workflow,
    );
  });

  test('a job that cannot be read counts as failed', () => {
    const workflow = decode({ a: '{"status":"success"}', b: '{"status":"done"}' });
    expect(Object.fromEntries(jobStatuses(workflow))).toEqual({ a: 'success', b: 'failed' });
    expect(workflowStatus(workflow)).toBe('failed');
  });
});

describe('the ledger', () => {
  test('is read back as it was written', () => {
    const instants = fc
      .bigInt({ min: at('1900-01-01'), max: at('2100-01-01') })
      .map((instant) => instant - (((instant % 1000n) + 1000n) % 1000n));
    const ids = fc.nat({ max: Number.MAX_SAFE_INTEGER });
    const batch = fc.record({
      id: ids,
      start: instants,
      from: fc.option(instants),
      until: instants,
      emitted: fc.boolean(),
      superseded: fc.boolean(),
      ended: fc.boolean(),
      owner: fc.option(fc.string()),
      foreign: fc.boolean(),
    });
    const jobs = fc.array(
      fc.tuple(
        fc.oneof(fc.string(), fc.constantFrom('constructor', '__proto__', '10', '9')),
        fc.record({ batch: fc.option(batch), skewNoticedAt: fc.option(instants) }),
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(
        fc.record({ revision: ids, order: fc.array(fc.string()), lastBatchId: ids, lastInitId: ids }),
        jobs,
        fc.array(fc.tuple(fc.string(), instants), { maxLength: 3 }),
        (fields, entries, departed) => {
          const ledger: Ledger = {
            ...fields,
            infa: { a: numberFromSource('1.0') },
            jobs: new Map(entries),
            departed: new Map(departed),
          };
          expect(decodeLedger(encodeLedger(ledger))).toEqual(ledger);
        },
      ),
    );
  });

  test('that somebody else wrote is no ledger', () => {
    for (const text of ['', '{', '{}', 'null', '{"jobs":5}', '{"jobs":[["a",{"batch":{"id":1}}]]}'])
      expect(refusal(() => decodeLedger(text))).toBe('foreign-data');
    expect(decodeLedger(null)).toBe(emptyLedger);
  });

  test('differs after each change', () => {
    const scenario = createScenario({ job1: {} });
    const texts = new Set<string>();
    for (let round = 0; round < 5; round += 1) {
      scenario.open(t);
      scenario.edit(t, { set: {}, force: true });
      texts.add(scenario.texts().ledger);
    }
    expect(texts.size).toBe(5);
  });
});
