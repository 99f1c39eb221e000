import { describe, expect, it } from 'vitest';

import { maxTaskListBytes, readTaskList } from '../../src/dialects/task-list.ts';
import { maxTasks } from '../../src/dialects/task-list-reading.ts';
import { BatchyError } from '../../src/domain/errors.ts';
import { environment, problemsIn, readLines, readShell } from './task-list-of.ts';

/** As PyRunner's documents have it, columns aligned. */
const sample = `#PYTHON
#ID|PARENT_IDS|MAX_ATTEMPTS|RETRY_WAIT_TIME|PROCESS_NAME   |MODULE_NAME|WORKER_NAME |ARGUMENTS|LOGFILE
1  |-1        |1           |0              |Start          |workers    |Start       |         |$ENV{APP_LOG_DIR}/start.log

4  |2, 3      |3           |60             |Load           |workers    |Load        |a, "b, c" ,$ENV{DAY}|
2  |1         |1           |0.5            |Download File 1|workers    |DownloadFile|1        |
   # a comment
3  |1,1       |1           |0              |Download File 2|workers    |DownloadFile|2        |
`;

describe('a task list', () => {
  it('has a task a line, in the order of the file', () => {
    const { dialect, tasks } = readLines(sample);
    expect(dialect).toBe('python');
    expect(tasks.map(({ id, parents, name }) => [id, parents, name])).toEqual([
      [1, [], 'Start'],
      [4, [2, 3], 'Load'],
      [2, [1], 'Download File 1'],
      [3, [1], 'Download File 2'],
    ]);
    expect(tasks[0]?.logFile).toBe('/logs/start.log');
    expect(tasks[1]).toEqual({
      id: 4,
      parents: [2, 3],
      name: 'Load',
      run: { kind: 'worker', module: 'workers', worker: 'Load', arguments: ['a', 'b, c', '2026-11-22'] },
      maxAttempts: 3,
      retryWaitSeconds: 60,
      timeoutSeconds: null,
      logFile: null,
    });
    expect(tasks[2]?.retryWaitSeconds).toBe(0.5);
  });

  it.each(['\n', '\r\n', '\r'])('reads lines that end in %j, behind a byte order mark or blank lines', (end) => {
    const { tasks } = readLines(`\uFEFF${end}${sample.replaceAll('\n', end)}`);
    expect(tasks).toEqual(readLines(sample).tasks);
  });

  it('takes tabs for spaces', () => {
    expect(readShell('\t1\t|\t-1\t|\t1\t|\t0\t|\tA b\t|\techo\t1\t|\t')).toEqual(readShell('1|-1|1|0|A b|echo\t1|'));
  });

  it.each([
    ['echo "a|b" | x', null],
    ['echo "a|b"', 'echo "a|b"'],
    [`awk -F'|' '{print $2}' "x"`, `awk -F'|' '{print $2}' "x"`],
    [`echo "it's | \\" |"`, `echo "it's | \\" |"`],
    [`echo it\\'s`, `echo it\\'s`],
    [`echo '\\'`, `echo '\\'`],
    ['"/opt/my app/run.sh"', '"/opt/my app/run.sh"'],
    ['"ls | wc -l"', 'ls | wc -l'],
    [`"grep \\"a\\\\.b\\" x | wc -l"`, `grep "a\\\\.b" x | wc -l`],
    [`'ls "$x" | wc -l'`, 'ls "$x" | wc -l'],
    ['"a|b" "c"', '"a|b" "c"'],
    ['echo $ENV{DAY} ${DAY} $ENV', 'echo 2026-11-22 ${DAY} $ENV'],
    ['echo $ENV{ODD}$ENV{EMPTY}$ENV{TWICE}', 'echo a|b,"c$ENV{DAY}'],
  ])('reads the command %s', (written, command) => {
    const line = `1|-1|1|0|A|${written}|x.log`;
    if (command === null) expect(problemsIn(`#SHELL\n${line}`)).toHaveLength(1);
    else expect(readShell(line)).toMatchObject([{ run: { kind: 'shell', command }, logFile: 'x.log' }]);
  });

  it.each([
    ['', []],
    ['a', ['a']],
    ['a,b , c d', ['a', 'b', 'c d']],
    ['a,,', ['a', '', '']],
    ['""', ['']],
    [`"a,b",'c|d'`, ['a,b', 'c|d']],
    ['"say ""hi"""', ['say "hi"']],
    [`don't,can't`, ["don't", "can't"]],
    ['C:\\data\\,"C:\\Program Files\\"', ['C:\\data\\', 'C:\\Program Files\\']],
    ['--where="a,b",c', ['--where="a,b"', 'c']],
    ['$ENV{ODD},"$ENV{EMPTY}"', ['a|b,"c', '']],
  ])('reads the arguments %s', (written, expected) => {
    const { dialect, tasks } = readLines(`#NODE\n1|-1|1|0|A|m|W|${written}|`);
    expect(dialect).toBe('node');
    expect(tasks).toMatchObject([{ run: { module: 'm', worker: 'W', arguments: expected } }]);
  });

  it('resolves variables in any field, and takes quotes from around one', () => {
    const variables = { I: '7', P: '8,9', N: 'Some name', M: '2', W: '3', S: 'echo', L: '' };
    const text = [
      '#SHELL',
      '$ENV{I}|$ENV{P}|$ENV{M}|$ENV{W}|$ENV{N}|$ENV{S} 1|$ENV{L}',
      `"8"|'-1'|"1"|'0'|"An eight"|x|"a b.log"`,
      '9|-1|1|0|Nine|x|',
    ].join('\n');
    const { tasks } = readTaskList(text, { format: 'lst', environment: variables });
    expect(tasks).toMatchObject([
      { id: 7, parents: [8, 9], maxAttempts: 2, retryWaitSeconds: 3, name: 'Some name', logFile: null },
      { id: 8, parents: [], name: 'An eight', logFile: 'a b.log' },
      { id: 9 },
    ]);
    expect(tasks[0]?.run).toEqual({ kind: 'shell', command: 'echo 1' });
  });
});

const shellHeading = 'ID|PARENT_IDS|MAX_ATTEMPTS|RETRY_WAIT_TIME|PROCESS_NAME|SHELL_COMMAND|LOGFILE';

describe('what is wrong with a line', () => {
  it.each([
    ['0|-1|1|0|A|x|', '2:1', 'ID is 0; expected a whole number from 1 on'],
    ['|-1|1|0|A|x|', '2:1', 'ID is empty; expected a whole number from 1 on'],
    ['1.5|-1|1|0|A|x|', '2:1', 'ID is 1.5; expected a whole number from 1 on'],
    ['99999999999999999999|-1|1|0|A|x|', '2:1', 'ID is 100000000000000000000; expected a whole number from 1 on'],
    ['1||1|0|A|x|', '2:3', 'PARENT_IDS is empty; expected ids of tasks, or -1 alone for a root'],
    ['1|a|1|0|A|x|', '2:3', 'PARENT_IDS names "a"; expected ids of tasks, or -1 alone for a root'],
    ['1|0|1|0|A|x|', '2:3', 'PARENT_IDS names 0; expected ids of tasks, or -1 alone for a root'],
    ['1|7|1|0|A|x|', '2:3', 'parent 7 is no task of the list'],
    ['1|1|1|0|A|x|', '2:3', 'the tasks go round in a circle: 1 → 1'],
    ['1|-1|0|0|A|x|', '2:6', 'MAX_ATTEMPTS is 0; expected a whole number from 1 on'],
    ['1|-1|once|0|A|x|', '2:6', 'MAX_ATTEMPTS is "once"; expected a whole number from 1 on'],
    ['1|-1|1|-1|A|x|', '2:8', 'RETRY_WAIT_TIME is -1; expected seconds from 0 to 2147483'],
    ['1|-1|1|9999999|A|x|', '2:8', 'RETRY_WAIT_TIME is 9999999; expected seconds from 0 to 2147483'],
    ['1|-1|1|0| |x|', '2:10', 'PROCESS_NAME is blank'],
    ['1|-1|1|0|A| |', '2:12', 'SHELL_COMMAND is blank'],
    ['1|-1|1|0|A|x\0|', '2:12', 'SHELL_COMMAND holds a character of code 0, which no program can be given'],
    ['1|-1|1|0|A|x|" "', '2:14', 'LOGFILE is blank'],
    [
      '1|-1|1|0|A|x|$ENV{NOPE}',
      '2:14',
      'LOGFILE: $ENV{NOPE} is not set: set NOPE in the environment or in the app_profile',
    ],
    ['1|-1|1|0|A|$ENV{}|', '2:12', 'SHELL_COMMAND: $ENV{} names no variable'],
    ['1|-1|1|0|A|$ENV{DAY|', '2:12', 'SHELL_COMMAND: "$ENV{DAY" holds a $ENV{ without its }'],
    ['1|-1|1|0|A|$ENV{toString}|', '2:12', expect.stringContaining('$ENV{toString} is not set')],
    ['1|-1|1|0|A|echo "x|', '2:17', 'a quote begins here and does not end on this line'],
    [
      '  1|-1|1|0|A|x',
      '2:3',
      `the line has 6 columns where 7 are expected: ${shellHeading}; what is left empty has its | nevertheless`,
    ],
    [
      '1|-1|1|0|A|ls | wc|',
      '2:1',
      `the line has 8 columns where 7 are expected: ${shellHeading}; put quotes around what holds a |`,
    ],
    ['echo', '2:1', expect.stringContaining('the line has one column where 7 are expected')],
  ])('%s', (line, pointer, detail) => {
    expect(problemsIn(`#SHELL\n${line}`)).toEqual([[pointer, detail]]);
  });

  it('is told of names that no step may have', () => {
    expect(problemsIn('#SHELL\n1|-1|1|0|Load (1)|x|')).toEqual([
      ['2:10', expect.stringContaining('"Load (1)" is no step name')],
    ]);
  });

  it('is told of a root that has parents', () => {
    expect(problemsIn('#SHELL\n1|-1|1|0|A|x|\n2|1,-1|1|0|B|x|')).toEqual([
      ['3:3', 'PARENT_IDS names -1; expected ids of tasks, or -1 alone for a root'],
    ]);
  });

  it('is told of modules and workers', () => {
    expect(problemsIn('#NODE\n1|-1|1|0|A|load.ts|2nd||\n2|-1|1|0|B||||')).toEqual([
      ['2:12', 'MODULE_NAME is "load.ts"; expected the name of the file without its ending'],
      ['2:20', 'WORKER_NAME is "2nd"; expected the name of an exported class'],
      ['3:12', 'MODULE_NAME is blank'],
      ['3:13', 'WORKER_NAME is blank'],
    ]);
  });
});

describe('what is wrong with a list', () => {
  it.each(['', '\uFEFF', ' \n\t\n', '\r\n'])('is that it is empty: %j', (text) => {
    expect(problemsIn(text)).toEqual([
      ['1:1', 'the list is empty; its first line names what runs the tasks: #SHELL, #NODE or #PYTHON'],
    ]);
  });

  it.each(['1|-1|1|0|A|x|', '#RUBY', '#shell', '#SHELL x', '# SHELL', `#ID|${shellHeading}`])(
    'is a first line that names no dialect: %s',
    (line) => {
      expect(problemsIn(`\n${line}\n1|-1|1|0|A|x|\n`)).toEqual([
        ['2:1', expect.stringMatching(/^the list begins with ".*", but its .*: #SHELL, #NODE or #PYTHON$/)],
      ]);
    },
  );

  it('is that it was saved in another encoding', () => {
    const saved = new TextDecoder().decode(Buffer.from('\uFEFF#SHELL\r\n1|-1|1|0|A|x|', 'utf16le'));
    expect(problemsIn(saved)).toEqual([['1:1', expect.stringMatching(/; save the file as UTF-8$/)]]);
  });

  it('is that it has no tasks', () => {
    expect(problemsIn('#NODE\n# nothing\n\n')).toEqual([['1:1', expect.stringContaining('the list has no tasks')]]);
  });

  it('is told all at once, with lines, in their order', () => {
    const lines = [
      '#SHELL',
      '1|-1|1|0|A|x|',
      '1|8|0|-1|A|x|',
      '2|3|1|0|B|$ENV{NOPE} $ENV{NOT}|',
      '# comment',
      '3|4|1|0|C|x',
      '4|2,3|1|0| |x|',
      '5|6|1|0|D|x|',
      '6|5|1|0|E|echo "|',
      '7|9|1|0|F|x|',
      '9|7|1|0|G|x|',
    ];
    const found = problemsIn(lines.join('\n'));
    expect(found.map(([pointer, detail]) => `${pointer} ${detail.slice(0, 40)}`)).toEqual([
      '3:1 id 1 is taken already, by line 2',
      '3:3 parent 8 is no task of the list',
      '3:5 MAX_ATTEMPTS is 0; expected a whole numb',
      '3:7 RETRY_WAIT_TIME is -1; expected seconds ',
      '3:10 the name "A" is taken already, by line 2',
      '4:11 SHELL_COMMAND: $ENV{NOPE} is not set: se',
      '4:11 SHELL_COMMAND: $ENV{NOT} is not set: set',
      '6:1 the line has 6 columns where 7 are expec',
      '7:11 PROCESS_NAME is blank',
      '9:16 a quote begins here and does not end on ',
      '10:3 the tasks go round in a circle: 7 → 9 → ',
    ]);
  });

  it('stands in one sentence with the name of the file, twenty at most', () => {
    const lines = Array.from({ length: 25 }, (_each, index) => `${index + 1}|-1|0|0|T${index}|x|`);
    const refused = (): unknown =>
      readTaskList(['#SHELL', ...lines].join('\n'), { format: 'lst', environment, fileName: 'app.lst' });
    expect(refused).toThrow(/^app\.lst, line 2, column 6: MAX_ATTEMPTS is 0; .*; line 21, .*; and 5 more\.$/);
    try {
      refused();
    } catch (error) {
      expect(error).toBeInstanceOf(BatchyError);
      expect((error as BatchyError).facts).toEqual({ file: 'app.lst', line: 2, column: 6 });
      expect((error as BatchyError).places).toHaveLength(25);
    }
  });

  it('is its length', () => {
    const line = (id: number): string => `${id}|${id - 1 || -1}|1|0|T${id}|x|`;
    const list = (tasks: number): string =>
      ['#SHELL', ...Array.from({ length: tasks }, (_each, index) => line(index + 1))].join('\n');
    expect(readLines(list(maxTasks)).tasks).toHaveLength(maxTasks);
    expect(problemsIn(list(maxTasks + 1))).toEqual([
      [`${maxTasks + 2}:1`, 'the list has 10001 tasks, and at most 10000 are possible'],
    ]);
    const comment = (bytes: number): string => `#SHELL\n1|-1|1|0|A|x|\n#${'é'.repeat((bytes - 22) / 2)}`;
    expect(readLines(comment(maxTaskListBytes)).tasks).toHaveLength(1);
    expect(problemsIn(comment(maxTaskListBytes + 2))).toEqual([
      ['1:1', expect.stringContaining('larger than 1024 KiB')],
    ]);
  });

  it('is found among ten thousand tasks, each of which is wrong or depends on many', () => {
    const tasks = Array.from({ length: maxTasks }, (_each, index) => index + 1);
    const circle = tasks.map((id) => `${id}|${id === 1 ? maxTasks : id - 1}|1|0|T${id}|x|`);
    expect(problemsIn(['#SHELL', ...circle].join('\n'))).toEqual([
      ['2:3', expect.stringMatching(/: 1 → 2 → .* → 12 → … → 1$/)],
    ]);
    const same = tasks.map(() => '1|5,6,7|1|0|T|$ENV{NOPE}|');
    expect(problemsIn(['#SHELL', ...same].join('\n'))).toHaveLength(maxTasks * 6 - 2);
    const parents = tasks.slice(0, 100).join(',');
    const wide = tasks.map((id) => `${id}|${id > 100 && id < 3000 ? parents : -1}|1|0|T${id}|x|`);
    expect(readLines(['#SHELL', ...wide].join('\n')).tasks[150]?.parents).toHaveLength(100);
  });

  it('is a variable whose value no program could be given', () => {
    const variables = { LONG: 'x'.repeat(100_000) };
    const list = '#SHELL\n1|-1|1|0|A|$ENV{LONG}|\n2|-1|1|0|B|$ENV{LONG}$ENV{LONG}|';
    expect(() => readTaskList(list, { format: 'lst', environment: variables })).toThrow(
      /line 3, column 12: SHELL_COMMAND: with its variables it is longer than 131072 characters/,
    );
  });
});
