import { expect, test } from 'vitest';

import { replayableIndex, skippedIndex, skippedMember, unreplayableIndex } from '../../src/domain/document-index.ts';
import type { IndexPage } from '../../src/ports/document-reader.ts';
import { countMembers, listSkipped } from '../../src/service/skipped-items.ts';

/** Records of which only the indexes are filled; notes what was asked of them. */
function indexed(indexes: Readonly<Record<string, readonly string[]>>) {
  const asked: IndexPage[] = [];
  return {
    asked,
    members: async (page: IndexPage) => {
      asked.push(page);
      return (indexes[page.index] ?? [])
        .filter((member) => member.startsWith(page.prefix) && (page.beyond === null || member > page.beyond))
        .slice(0, page.limit);
    },
    skipped: async (_id: number, members: readonly string[]) =>
      members.map((member) => ({ member, item: member as never })),
  };
}

const membersOf = (step: number, numbers: readonly number[]): string[] =>
  numbers.map((number) => skippedMember(step, number));

test('a page costs what is in it, however many were before it', async () => {
  const all = membersOf(
    5,
    Array.from({ length: 5000 }, (_each, index) => index + 1),
  );
  const records = indexed({ [skippedIndex(1)]: all });
  const page = { after: all[3999] ?? '', limit: 10, missing: false };
  expect((await listSkipped(records, 1, page)).map(({ member }) => member)).toEqual(all.slice(4000, 4010));
  expect(records.asked).toMatchObject([{ beyond: all[3999], limit: 10 }]);
});

test('what is missing comes in the order of all, whether it can be replayed or not', async () => {
  const [replayable, others] = [membersOf(5, [1, 4, 5, 9, 12]), [...membersOf(5, [2, 10]), ...membersOf(11, [1])]];
  const records = indexed({ [replayableIndex(1)]: replayable, [unreplayableIndex(1)]: others });
  const expected = [...membersOf(5, [1, 2, 4, 5, 9, 10, 12]), ...membersOf(11, [1])];
  const seen: string[] = [];
  for (let after: string | null = null; ;) {
    const found: string[] = (await listSkipped(records, 1, { after, limit: 3, missing: true })).map(
      ({ member }) => member,
    );
    if (found.length === 0) break;
    seen.push(...found);
    after = found.at(-1) ?? null;
  }
  expect(seen).toEqual(expected);
});

test('members are counted by their step, up to a limit', async () => {
  const members = [
    ...membersOf(4, [1, 2]),
    ...membersOf(
      5,
      Array.from({ length: 25_000 }, (_each, index) => index + 1),
    ),
  ];
  const records = indexed({ some: members });
  expect(await countMembers(records, 'some', members[2]?.slice(0, 17) ?? '', 100_000)).toBe(25_000);
  expect(await countMembers(records, 'some', '', 12_345)).toBe(12_345);
  expect(await countMembers(records, 'none', '', 10)).toBe(0);
});
