import { describe, expect, it } from 'vitest';

import { type AppProfileOptions, readAppProfile } from '../../src/dialects/app-profile.ts';
import { refusedPlaces } from '../domain/refused-places.ts';

const environment = { HOME: '/home/me', DAY: '2026-11-22', ODD: 'a b"$DAY', EMPTY: '' };

function read(text: string, options: AppProfileOptions = {}): Record<string, string> {
  return Object.fromEntries(readAppProfile(text, environment, options));
}

function problemsIn(text: string, options: AppProfileOptions = {}): [string, string][] {
  return refusedPlaces('invalid-job', () => readAppProfile(text, environment, options));
}

describe('a profile', () => {
  it('sets variables, exported or not, in their order', () => {
    const text = [
      '#!/bin/bash',
      '',
      '  # comment',
      'export APP_NAME="shop"',
      "APP_LOG_DIR='/logs'/$APP_NAME",
      '\texport \t APP_DATA_DIR=${APP_LOG_DIR}/data   # where it is',
      'APP_NAME=other;',
      'APP_NAMES=$APP_NAME,$APP_NAME',
    ];
    for (const end of ['\n', '\r\n'])
      expect(Object.entries(read(`\uFEFF${text.join(end)}`))).toEqual([
        ['APP_NAME', 'other'],
        ['APP_LOG_DIR', '/logs/shop'],
        ['APP_DATA_DIR', '/logs/shop/data'],
        ['APP_NAMES', 'other,other'],
      ]);
  });

  it.each([
    ['', ''],
    ['""', ''],
    [`"a b"'c d'e`, 'a bc de'],
    [`'$DAY "x" \\'`, '$DAY "x" \\'],
    ['"$DAY/${DAY}x"', '2026-11-22/2026-11-22x'],
    ['$ODD', 'a b"$DAY'],
    ['$EMPTY', ''],
    ['"\\$DAY \\"x\\" \\\\ \\`ls\\` \\n"', '$DAY "x" \\ `ls` \\n'],
    ['a\\ b\\$DAY', 'a b$DAY'],
    ['a#b', 'a#b'],
    ['"a;b # c" # d', 'a;b # c'],
    ['a; # b', 'a'],
    ['a=b', 'a=b'],
    ['~', '/home/me'],
    ['~/logs', '/home/me/logs'],
    ['"~"/~', '~/~'],
    ['*.csv', '*.csv'],
    ['"5$"$', '5$$'],
    ['/{a,b}', '/{a,b}'],
  ])('reads the value %s', (written, value) => {
    expect(read(`export A=${written}`)).toEqual({ A: value });
  });

  it('finds what it has set before what the environment has, and names of an object’s own nowhere', () => {
    expect(read('DAY=$DAY-1\nNEXT=$DAY')).toEqual({ DAY: '2026-11-22-1', NEXT: '2026-11-22-1' });
    expect(read('__proto__=x\nA=$__proto__')).toEqual(JSON.parse('{"__proto__":"x","A":"x"}'));
    expect(problemsIn('A=$constructor')).toHaveLength(1);
  });
});

const notExecuted =
  'a profile is never executed, so $(…) and `…` have no value; write the value itself, or set the variable in the environment';
const unclosed = 'a quote begins here and does not end on this line';
const oneVariable = 'one line sets one variable; put quotes around a value with spaces';

describe('what is wrong with a profile', () => {
  it.each([
    ['A=$(hostname)', '1:3', notExecuted],
    ['export A="x $(date +%Y)"', '1:13', notExecuted],
    ['  A=`date`', '1:5', notExecuted],
    ['A="`date`"', '1:4', notExecuted],
    ['A=$((1+1))', '1:3', notExecuted],
    ['A="x', '1:3', unclosed],
    ["A=x'y", '1:4', unclosed],
    ['A="x\'', '1:3', unclosed],
    ['A=x\\', '1:4', 'a value may not go on in the next line'],
    ['A=x y', '1:4', oneVariable],
    ['export A=x B=y', '1:11', oneVariable],
    ['A=x; B=y', '1:4', oneVariable],
    ['A= x', '1:3', oneVariable],
    ['A=x&', '1:4', 'a shell would not take & for a part of the value; put quotes around the whole'],
    ['A=(a b)', '1:3', 'a shell would not take ( for a part of the value; put quotes around the whole'],
    ['A=$NOPE/x', '1:3', '$NOPE is not set: set it in a line above, or in the environment'],
    ['A=${NOPE}', '1:3', '$NOPE is not set: set it in a line above, or in the environment'],
    ['A=${DAY:-x}', '1:3', 'of ${…}, only ${NAME} is understood'],
    ['A=${DAY', '1:3', 'of ${…}, only ${NAME} is understood'],
    ['A=$1', '1:3', "$1 has no meaning in a profile; for a $ write '$'"],
    ["A=$'x'", '1:3', "$' has no meaning in a profile; for a $ write '$'"],
    ['A=~you/x', '1:3', "the home of another user is not looked up; write the folder's whole path"],
    ['1A=x', '1:1', expect.stringContaining('"1A" is no name of a variable')],
    ['export A-B=x', '1:1', expect.stringContaining('"A-B" is no name of a variable')],
    ['A+=x', '1:1', expect.stringContaining('"A+" is no name of a variable')],
    ['=x', '1:1', expect.stringContaining('"" is no name of a variable')],
    ['Ä=x', '1:1', expect.stringContaining('"Ä" is no name of a variable')],
    [' A = x', '1:2', expect.stringContaining('"A = x" is no export NAME=value')],
    ['export A', '1:1', expect.stringContaining('is no export NAME=value')],
    ['source other.sh', '1:1', expect.stringContaining('is no export NAME=value')],
    ['mkdir -p /x', '1:1', expect.stringContaining('is no export NAME=value')],
  ])('%s', (line, pointer, detail) => {
    expect(problemsIn(line)).toEqual([[pointer, detail]]);
  });

  it('is told all at once, what follows from it left out', () => {
    const text = 'A=$(x)\nB=$A/b\r\n\n1=x\nC=$NOPE\nD=$C$B';
    expect(problemsIn(text).map(([pointer]) => pointer)).toEqual(['1:3', '4:1', '5:3']);
    expect(() => read(text, { fileName: 'cfg/app_profile' })).toThrow(
      /^cfg\/app_profile, line 1, column 3: a profile is /,
    );
  });

  it('is a value or a text that grows without end', () => {
    const lines = Array.from({ length: 40 }, () => 'A=$A$A');
    expect(problemsIn(['A=0123456789', ...lines].join('\n'))[0]).toEqual([
      '15:5',
      'the value is longer than 131072 characters',
    ]);
    expect(problemsIn(`#${'x'.repeat(256 * 1024)}`)).toEqual([['1:1', 'the profile is larger than 256 KiB']]);
  });
});

describe('the profile that PyRunner writes', () => {
  const text = `export APP_ROOT_DIR="$(cd $(dirname \${BASH_SOURCE})/..; pwd)"
DATE=$(date +"%Y-%m-%d")
export APP_EXEC_TIMESTAMP=$(date +"%Y%m%d_%H%M%S")
export APP_LOG_DIR="\${APP_ROOT_DIR}/logs/\${DATE}"
if [ ! -e \${APP_LOG_DIR}  ]; then mkdir -p \${APP_LOG_DIR}; fi
`;
  const rootFolder = '/apps/shop $1';
  const now = new Date(2026, 10, 2, 3, 4, 5).getTime();

  it('is understood where one says which folder and time its commands would have told', () => {
    expect(read(text, { rootFolder, now })).toEqual({
      APP_ROOT_DIR: rootFolder,
      DATE: '2026-11-02',
      APP_EXEC_TIMESTAMP: '20261102_030405',
      APP_LOG_DIR: `${rootFolder}/logs/2026-11-02`,
    });
    expect(problemsIn(text)).toEqual([
      ['1:22', notExecuted],
      ['2:6', notExecuted],
      ['3:27', notExecuted],
    ]);
  });

  it.each([
    ['$(cd "$(dirname "$BASH_SOURCE")/.." && pwd)', rootFolder],
    ['"$(cd "$(dirname "${BASH_SOURCE[0]}")"/.. && pwd)"', null],
    ["$(date +'%y%j')x", '26306x'],
    ['$(date +%H:%M)', '03:04'],
    ['$(date +"%Y %s")', null],
    ['$(date -d yesterday +%Y)', null],
    ['$(date)', null],
    ['$(date +%Y; rm x)', null],
    ['$(cd /; pwd)', null],
  ])('of its commands, takes %s for %s', (command, value) => {
    const line = `A=${command}`;
    if (value === null) expect(problemsIn(line, { rootFolder, now })).toHaveLength(1);
    else expect(read(line, { rootFolder, now })).toEqual({ A: value });
  });

  it.each([
    'if [ ! -d "$APP_LOG_DIR" ]; then mkdir "$APP_LOG_DIR"; fi',
    'if [ ! -e ${APP_TEMP_DIR} ]; then mkdir ${APP_TEMP_DIR}; fi',
  ])('skips %s', (line) => {
    expect(read(line)).toEqual({});
  });

  it.each(['if [ ! -e ${A} ]; then mkdir ${B}; fi', 'if [ ! -e ${A} ]; then mkdir ${A}; fi; rm -r ${A}'])(
    'does not skip %s',
    (line) => {
      expect(problemsIn(line)).toHaveLength(1);
    },
  );
});
