import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lintParameterFile } from '../../src/domain/parameter-file-lint.ts';

describe('a clean file', () => {
  it.each([
    ['nothing', ''],
    [
      'every kind of heading',
      [
        '[Global]',
        '[Service:IS_1]',
        '[Service:IS_1.ND:node_1]',
        '[FOLDER.WF:wf]',
        '[FOLDER.WF:wf.WT:wl]',
        '[FOLDER.WF:wf.WT:wl.WT:inner.ST:s_m]',
        '[FOLDER.WF:wf.ST:s_m]',
        '[FOLDER.s_m]',
        '[s_m]',
        '',
      ].join('\n'),
    ],
    [
      'every kind of name',
      '[Global]\n$$a=1\n$PMSuccessEmailUser=x@example.org\n$DBConnection_src=ora\n$InputFile1=/in/a=b.csv\n$ParamOwner=o\nmplt.$$limit=1\nmplt.limit=2\n',
    ],
    ['comments, empty lines and empty values', '; loaded nightly\n[Global]\n\n# by hand\n$$a=\n$$b=<null>\n'],
    ['the same name below another heading', '[a]\n$$x=1\n[b]\n$$x=1\n'],
    [
      'a file of the cloud',
      '#USE_SECTIONS\n[Global]\n$$a=1\n$conn$=ora\n[Default].[mt_orders]\n$$a=2\n[P].[F].[tf].[step]\n$$a=3\n',
    ],
  ])('of %s has no findings', (_what, text) => {
    expect(lintParameterFile(text)).toEqual([]);
  });
});

describe('a finding', () => {
  it.each([
    ['an unterminated heading', '[Global\n$$a=1\n', 1, 'does not end'],
    ['an unknown heading', '[F.XX:w]\n$$a=1\n', 1, 'unknown heading'],
    ['a heading with an empty part', '[F..s]\n', 1, 'unknown heading'],
    ['a heading with spaces inside', '[ Global ]\n', 1, 'unknown heading'],
    ['an empty heading', '[]\n', 1, 'unknown heading'],
    ['spaces before a heading', '[a]\n  [b]\n', 2, 'spaces before'],
    ['spaces behind a heading', '[a] \n', 1, 'spaces behind'],
    ['a heading of the cloud without the mark', '[P].[F].[t]\n$$a=1\n', 1, '#USE_SECTIONS'],
    ['a heading twice', '[a]\n$$x=1\n[b]\n[a]\n', 4, 'line 1'],
    ['an assignment before any heading', '; c\n$$a=1\n[Global]\n', 2, 'before any heading'],
    ['a line without an equals sign', '[a]\n$$sql=select 1\nfrom dual\n', 3, "no '='"],
    ['a space before the equals sign', '[a]\n$$x =1\n', 2, 'around the name'],
    ['a space before the name', '[a]\n $$x=1\n', 2, 'around the name'],
    ['a space before the value', '[a]\n$$x= 1\n', 2, 'at the beginning of its value'],
    ['a space behind the value', '[a]\n$$x=1 \n', 2, 'at the end of its value'],
    ['a name twice, in other case', '[a]\n$$x=1\n$$y=1\n$$X=2\n', 4, 'line 2'],
    ['a name without $', '[a]\nx=1\n', 2, 'without $'],
    ['a name of one $ and no kind', '[a]\n$x=1\n', 2, 'of no kind'],
    ['a name with a dash', '[a]\n$$x-y=1\n', 2, '"$$x-y"'],
    ['no name', '[a]\n=1\n', 2, 'no name'],
    ['a comment with an equals sign', '[a]\n; $$x=1\n', 2, 'looks like a comment'],
    ['a control character', '[a]\n$$x=a\u0000b\n', 2, 'U+0000'],
    ['a line break of another alphabet', '[a]\n$$x=a\u2028b\n', 2, 'U+2028'],
    ['a byte order mark', '\ufeff[Global]\n', 1, 'byte order mark'],
    ['carriage returns', '[a]\r\n$$x=1\r\n', 1, 'carriage return'],
    ['the mark of sections elsewhere', '[a]\n#USE_SECTIONS\n', 2, 'first line'],
    ['the mark of sections with a space', '#USE_SECTIONS \n[a]\n', 1, 'first line'],
  ])('names %s', (_what, text, line, problem) => {
    const findings = lintParameterFile(text);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.line).toBe(line);
    expect(findings[0]?.problem).toContain(problem);
  });

  it('comes in the order of the lines, several on one line', () => {
    expect(lintParameterFile('x = 1\r\n[F.XX:w]\r\n').map(({ line }) => line)).toEqual([1, 1, 1, 1, 1, 2]);
  });

  it('never throws and names a line of the text', () => {
    fc.assert(
      fc.property(
        fc
          .array(
            fc.constantFrom(
              '[',
              ']',
              '=',
              '$',
              '$$',
              '.',
              ':',
              'WF',
              'a',
              ' ',
              '\n',
              '\r',
              '\t',
              '#USE_SECTIONS',
              ';',
              '\u2028',
            ),
          )
          .map((parts) => parts.join('')),
        (text) => {
          const lines = text.split('\n').length;
          for (const { line } of lintParameterFile(text)) expect(line >= 1 && line <= lines).toBe(true);
        },
      ),
    );
  });
});
