import { expect, it } from 'vitest';

import { listDifferences } from '../../src/cli/list-differences.ts';
import { readTaskList } from '../../src/dialects/task-list.ts';
import type { Json } from '../../src/domain/json.ts';

const here = readTaskList('#SHELL\n1|-1|1|0|a|true|\n2|-1|1|0|b|true|\n3|2,1|1|0|c|true|\n', {
  format: 'lst',
  environment: {},
});
const graph = (nodes: readonly (readonly [number | null, string])[], edges: readonly string[]) => ({
  nodes: nodes.map(([task_id, name]): Json => ({ name, task_id })),
  edges: edges.map((edge): Json => ({ from: edge.charAt(0), to: edge.charAt(1), on: null, end: null })),
});
const same = [
  [1, 'a'],
  [2, 'b'],
  [3, 'c'],
] as const;

it.each<[string, ReturnType<typeof graph>, string[]]>([
  ['nothing', graph(same, ['ac', 'bc']), []],
  ['nothing, in whatever order', graph(same.toReversed(), ['bc', 'ac']), []],
  [
    'names, ids and parents',
    graph(
      [
        [1, 'x'],
        [3, 'c'],
        [4, 'b'],
      ],
      ['bc'],
    ),
    [
      'task 1 is "a" here and "x" there',
      'task 2 "b" is only here',
      'task 3 waits for 1, 2 here and for 4 there',
      'task 4 "b" is only there',
    ],
  ],
  ['what a root waits for', graph(same, ['ab', 'ac', 'bc']), ['task 2 waits for none here and for 1 there']],
  ['all of it', graph([[null, 'a']], []), ['there it is no task list']],
])('a list differs in %s', (_what, there, expected) => {
  expect(listDifferences(here, there)).toEqual(expected);
});

it('tells no more than anybody reads', () => {
  const many = Array.from({ length: 30 }, (_, index): [number, string] => [index + 10, `t${index}`]);
  const found = listDifferences(here, graph([...same, ...many], ['ac', 'bc']));
  expect([found.length, found.at(-1)]).toEqual([11, 'and 20 more']);
});
