import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchyError } from '../../src/domain/errors.ts';
import { type Json, parseJson } from '../../src/domain/json.ts';
import { lintParameterFile } from '../../src/domain/parameter-file-lint.ts';
import {
  type ParameterFileOptions,
  readParameterFileOptions,
  renderParameterFile,
} from '../../src/domain/parameter-file.ts';

type Jobs = ReadonlyMap<string, ReadonlyMap<string, Json>>;

/** Jobs from JSON text, so that numbers keep their source. */
function jobsOf(json: string): Jobs {
  const jobs = parseJson(json) as Record<string, Record<string, Json>>;
  return new Map(Object.entries(jobs).map(([job, parameters]) => [job, new Map(Object.entries(parameters))]));
}

function oneParameter(name: string, value: Json, job = 'job1'): Jobs {
  return new Map([[job, new Map([[name, value]])]]);
}

function refusal(action: () => unknown): BatchyError {
  try {
    action();
  } catch (error) {
    if (error instanceof BatchyError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const opened = `{
  "job1": {"source_table": "CUSTOMER", "full_refresh": true, "limit": null, "rate": 1.0, "id": 9223372036854775807,
           "batch_id": 1795289614, "status": "open", "from_date": "2026-11-20T00:00:00", "batch_start": "2026-11-21T19:53:34.254951", "batch_end": null},
  "job2": {"columns": ["A", "it's"], "nested": {"on": false, "x": null}, "to_date": "2026-11-21T19:53:34Z"}
}`;

describe('the profile batchy', () => {
  it('writes what the known program writes, byte for byte', () => {
    expect(renderParameterFile(jobsOf(opened), { profile: 'batchy' })).toBe(
      [
        '',
        '[job1]',
        '$$source_table=CUSTOMER',
        '$$full_refresh=True',
        '$$limit=None',
        '$$rate=1.0',
        '$$id=9223372036854775807',
        '$$batch_id=1795289614',
        '$$status=open',
        '$$from_date=2026-11-20 00:00:00',
        '$$batch_start=2026-11-21 19:53:34.254951',
        '$$batch_end=None',
        '',
        '[job2]',
        `$$columns=['A', "it's"]`,
        "$$nested={'on': False, 'x': None}",
        '$$to_date=2026-11-21T19:53:34Z',
        '',
      ].join('\n'),
    );
  });

  it('tells to_date as a time where the job emits it', () => {
    expect(
      renderParameterFile(jobsOf('{"j": {"emit_to_date": true, "to_date": "2026-11-21T19:53:34.5"}}'), {
        profile: 'batchy',
      }),
    ).toBe('\n[j]\n$$emit_to_date=True\n$$to_date=2026-11-21 19:53:34.500000\n');
  });

  it('rounds outwards what lies beyond the microsecond', () => {
    const file = renderParameterFile(
      jobsOf('{"j": {"from_date": "2026-01-01T00:00:00.123456789", "batch_start": "2026-01-01T00:00:00.123456789"}}'),
      { profile: 'batchy' },
    );
    expect(file).toContain('$$from_date=2026-01-01 00:00:00.123456\n');
    expect(file).toContain('$$batch_start=2026-01-01 00:00:00.123457\n');
  });

  it('knows no headings but the job, a name with a period among them, and puts $$ before every name', () => {
    const options = readParameterFileOptions({ headings: { 'F.s_load': 'Global' } });
    expect(renderParameterFile(oneParameter('$$a', 'x', 'F.s_load'), options)).toBe('\n[F.s_load]\n$$$$a=x\n');
  });

  it('keeps spaces, which count, and a job without parameters', () => {
    expect(
      renderParameterFile(
        new Map([
          ['j', new Map([[' a ', '  x ']])],
          ['k', new Map()],
        ]),
        { profile: 'batchy' },
      ),
    ).toBe('\n[j]\n$$ a =  x \n\n[k]\n');
  });
});

describe('the profile powercenter', () => {
  const infa = {
    profile: 'powercenter',
    timezone: 'Europe/Berlin',
    headings: { job1: 'SALES.WF:wf_load.ST:s_m_load', job2: ['Global'] },
  };

  it('writes headings, names, times, nothing for null, and JSON for nested values', () => {
    expect(renderParameterFile(jobsOf(opened), readParameterFileOptions(infa))).toBe(
      [
        '[SALES.WF:wf_load.ST:s_m_load]',
        '$$source_table=CUSTOMER',
        '$$full_refresh=true',
        '$$limit=',
        '$$rate=1.0',
        '$$id=9223372036854775807',
        '$$batch_id=1795289614',
        '$$status=open',
        '$$from_date=11/20/2026 01:00:00',
        '$$batch_start=11/21/2026 20:53:35',
        '$$batch_end=',
        '',
        '[Global]',
        `$$columns=["A","it's"]`,
        '$$nested={"on":false,"x":null}',
        '$$to_date=2026-11-21T19:53:34Z',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['none', '11/21/2026 19:53:34', '11/21/2026 19:53:35'],
    ['ms', '11/21/2026 19:53:34.254', '11/21/2026 19:53:34.255'],
    ['us', '11/21/2026 19:53:34.254951', '11/21/2026 19:53:34.254952'],
  ] as const)('rounds outwards, fraction %s', (fraction, from, to) => {
    const time = '2026-11-21T19:53:34.254951001';
    const jobs: Jobs = new Map([
      [
        'j',
        new Map<string, Json>([
          ['emit_to_date', true],
          ['from_date', time],
          ['to_date', time],
          ['batch_start', time],
          ['batch_end', time],
        ]),
      ],
    ]);
    const file = renderParameterFile(jobs, { profile: 'powercenter', fraction });
    expect(file).toBe(
      `[j]\n$$emit_to_date=true\n$$from_date=${from}\n$$to_date=${to}\n$$batch_start=${to}\n$$batch_end=${to}\n`,
    );
  });

  it('in the hour that comes twice takes what cannot skip data', () => {
    const at = (time: string): string =>
      renderParameterFile(jobsOf(`{"j": {"emit_to_date": true, "from_date": "${time}", "to_date": "${time}"}}`), {
        profile: 'powercenter',
        timezone: 'America/New_York',
      });
    expect(at('2026-11-01T05:30:00')).toContain('$$from_date=11/01/2026 00:59:59\n$$to_date=11/01/2026 01:30:00\n');
    expect(at('2026-11-01T06:30:00')).toContain('$$from_date=11/01/2026 01:30:00\n$$to_date=11/01/2026 02:00:00\n');
  });

  it('writes the default initial date, of a time before time zones', () => {
    expect(
      renderParameterFile(oneParameter('from_date', '1776-07-04T23:59:00'), {
        profile: 'powercenter',
        timezone: 'Europe/Berlin',
      }),
    ).toContain('$$from_date=07/05/1776 00:52:28\n');
  });

  it('keeps names that begin with $', () => {
    const jobs: Jobs = new Map([
      [
        'j',
        new Map([
          ['$DBConnection_src', 'ora'],
          ['$$a', 'x'],
          ['b', 'y'],
        ]),
      ],
    ]);
    expect(renderParameterFile(jobs, { profile: 'powercenter' })).toBe('[j]\n$DBConnection_src=ora\n$$a=x\n$$b=y\n');
  });

  it('writes a heading once for all its jobs, and what they say alike once', () => {
    const jobs = jobsOf('{"a": {"batch_id": 5, "x": 1}, "b": {"batch_id": 5, "y": 2}, "c": {"z": 3}}');
    const options: ParameterFileOptions = {
      profile: 'powercenter',
      headings: { a: 'F.WF:w', b: ['F.WF:w', '[F.WF:v]'] },
    };
    expect(renderParameterFile(jobs, options)).toBe(
      '[F.WF:w]\n$$batch_id=5\n$$x=1\n$$y=2\n\n[F.WF:v]\n$$batch_id=5\n$$y=2\n\n[c]\n$$z=3\n',
    );
  });

  it.each([
    ['two jobs below one heading', '{"a": {"x": 1}, "b": {"x": 2}}'],
    ['names that differ in case only', '{"a": {"x": 1, "X": 2}}'],
    ['names that differ in $$ only', '{"a": {"x": 1, "$$x": 2}}'],
  ])('refuses different values for one name: %s', (_what, json) => {
    const error = refusal(() =>
      renderParameterFile(jobsOf(json), { profile: 'powercenter', headings: { a: 'Global', b: 'Global' } }),
    );
    expect(error.code).toBe('not-renderable');
    expect(error.detail).toContain('only once');
  });

  it.each(['F.s_load', 'Service:x', ' a', 'a:b', 'a=b'])('refuses the default heading for a job named %j', (job) => {
    expect(refusal(() => renderParameterFile(oneParameter('x', 1, job), { profile: 'powercenter' })).facts).toEqual({
      job,
    });
    expect(
      renderParameterFile(oneParameter('x', 1, job), { profile: 'powercenter', headings: { [job]: 'Global' } }),
    ).toBe('[Global]\n$$x=1\n');
  });

  it('refuses the text that means null, and a heading of the cloud', () => {
    expect(refusal(() => renderParameterFile(oneParameter('x', '<null>'), { profile: 'powercenter' })).code).toBe(
      'not-renderable',
    );
    expect(
      refusal(() =>
        renderParameterFile(oneParameter('x', 1), { profile: 'powercenter', headings: { job1: '[P].[F].[T]' } }),
      ).code,
    ).toBe('not-renderable');
  });

  it('refuses a local time beyond the year 9999', () => {
    expect(
      refusal(() =>
        renderParameterFile(oneParameter('from_date', '9999-12-31T23:30:00'), {
          profile: 'powercenter',
          timezone: 'Europe/Berlin',
        }),
      ).facts,
    ).toEqual({ job: 'job1', parameter: 'from_date' });
  });

  it('says in ASCII what nested JSON holds of unprintable characters', () => {
    expect(renderParameterFile(oneParameter('x', ['\n\u0085\u2028\u007f']), { profile: 'powercenter' })).toBe(
      '[job1]\n$$x=["\\n\\u0085\\u2028\\u007f"]\n',
    );
  });
});

describe('the profile iics', () => {
  it('begins with #USE_SECTIONS and has headings of project, folder and asset', () => {
    const jobs = jobsOf('{"a": {"x": 1}, "b": {"y": "z"}}');
    expect(
      renderParameterFile(
        jobs,
        readParameterFileOptions({ profile: 'iics', headings: { a: '[Sales].[Loads].[mt_orders]' } }),
      ),
    ).toBe('#USE_SECTIONS\n[Sales].[Loads].[mt_orders]\n$$x=1\n\n[b]\n$$y=z\n');
  });
});

describe.each(['batchy', 'powercenter', 'iics'] as const)('the profile %s refuses', (profile) => {
  const lineBreaks = [
    '\n',
    '\r',
    '\r\n',
    '\u0085',
    '\u2028',
    '\u2029',
    '\v',
    '\f',
    '\0',
    '\t',
    '\u001b',
    '\u007f',
    '\u009b',
    '\ud800',
  ];

  it.each(lineBreaks)('%j in a value', (character) => {
    const error = refusal(() => renderParameterFile(oneParameter('note', `a${character}b`), { profile }));
    expect(error.code).toBe('not-renderable');
    expect(error.facts).toEqual({ job: 'job1', parameter: 'note' });
    expect(error.places[0]?.pointer).toBe('/job1/note');
  });

  it.each([...lineBreaks, '=', '['])('%j in a name', (character) => {
    expect(refusal(() => renderParameterFile(oneParameter(`a${character}b`, 1), { profile })).code).toBe(
      'not-renderable',
    );
  });

  it.each([...lineBreaks, '[', ']'])('%j in a heading', (character) => {
    expect(refusal(() => renderParameterFile(oneParameter('x', 1, `a${character}b`), { profile })).facts).toEqual({
      job: `a${character}b`,
    });
  });

  it('a name that is empty', () => {
    expect(refusal(() => renderParameterFile(oneParameter('', 1), { profile })).code).toBe('not-renderable');
  });

  it.each([5, 'yesterday', true, ['2026-01-01']])('the from_date %j', (value) => {
    expect(refusal(() => renderParameterFile(oneParameter('from_date', value), { profile })).facts).toEqual({
      job: 'job1',
      parameter: 'from_date',
    });
  });
});

describe('any file that is written', () => {
  it('gives every value back to a reader that splits lines at each break and names at the first equals sign', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_ -]{0,8}$/);
    const value = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(
        fc.dictionary(name, value, { maxKeys: 6, noNullPrototype: true }),
        fc.constantFrom('batchy', 'powercenter', 'iics'),
        (parameters, profile) => {
          let file: string;
          try {
            file = renderParameterFile(new Map([['job', new Map(Object.entries(parameters))]]), { profile });
          } catch (error) {
            expect((error as BatchyError).code).toBe('not-renderable');
            return;
          }
          const lines = file.split(/\p{Cc}|[\u2028\u2029]/u).filter((line) => line.startsWith('$$'));
          expect(lines.map((line) => [line.slice(2, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])).toEqual(
            Object.entries(parameters),
          );
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is clean to the linter where names are Informatica names', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
    const value = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.stringMatching(/^[!-~]([ -~]{0,8}[!-~])?$/).filter((text) => text !== '<null>'),
    );
    fc.assert(
      fc.property(
        fc.dictionary(name, fc.dictionary(name, value, { noNullPrototype: true }), { noNullPrototype: true }),
        fc.constantFrom('powercenter', 'iics'),
        (jobs, profile) => {
          const special = ['from_date', 'batch_start', 'batch_end'];
          fc.pre(Object.values(jobs).every((parameters) => special.every((time) => !(time in parameters))));
          expect(
            lintParameterFile(
              renderParameterFile(
                new Map(Object.entries(jobs).map(([job, parameters]) => [job, new Map(Object.entries(parameters))])),
                { profile },
              ),
            ),
          ).toEqual([]);
        },
      ),
    );
  });
});

describe('the _infa setting', () => {
  it('may be missing, empty or whole', () => {
    expect(readParameterFileOptions(null)).toEqual({ profile: 'batchy' });
    expect(readParameterFileOptions({})).toEqual({ profile: 'batchy' });
    const whole = {
      profile: 'iics',
      headings: { a: 'Global', b: ['[P].[T]', 'F.s'] },
      timezone: 'Asia/Tokyo',
      fraction: 'ms',
    };
    expect(readParameterFileOptions(whole)).toEqual(whole);
  });

  it('yields to the profile of a request', () => {
    expect(readParameterFileOptions({ profile: 'iics', fraction: 'us' }, 'powercenter')).toEqual({
      profile: 'powercenter',
      fraction: 'us',
    });
    expect(refusal(() => readParameterFileOptions(null, 'xml')).code).toBe('unknown-profile');
    expect(refusal(() => readParameterFileOptions(null, '')).code).toBe('unknown-profile');
    expect(refusal(() => readParameterFileOptions({ profile: 'xml' })).code).toBe('unknown-profile');
  });

  it.each([
    ['a list', [], '_infa should be a map'],
    ['a text', 'powercenter', '_infa should be a map'],
    ['an unknown key', { profil: 'iics', zone: 'UTC' }, '"profil", "zone"'],
    ['an unknown zone', { timezone: 'Mars/Olympus' }, 'Mars/Olympus'],
    ['a zone that is a number', { timezone: 1 }, '_infa.timezone is 1'],
    ['an unknown fraction', { fraction: 'ns' }, 'none, ms or us'],
    ['headings that are a list', { headings: ['a'] }, 'map a job'],
    ['a job without a heading', { headings: { a: [] } }, 'names no heading for "a"'],
    ['a heading of no known form', { headings: { a: 'F.XX:w' } }, '"F.XX:w"'],
    ['a heading that is open', { headings: { a: '[Global' } }, '"[Global"'],
    ['a heading that is a number', { headings: { a: [1] } }, 'for "a"'],
    ['a heading twice', { headings: { a: ['Global', 'Global'] } }, 'twice'],
    ['a heading of the cloud for PowerCenter', { profile: 'powercenter', headings: { a: '[P].[T]' } }, '"[P].[T]"'],
  ] as const)('may not be %s', (_what, infa, detail) => {
    const error = refusal(() => readParameterFileOptions(infa));
    expect(error.code).toBe('invalid-configuration');
    expect(error.detail).toContain(detail);
    expect(error.places).toHaveLength(1);
  });
});
