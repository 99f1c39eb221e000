import { type ErrorCode, errorCodes } from '../src/domain/errors.ts';
import { problemAdvice } from '../src/http/problem-advice.ts';
import { problemBase, problemKinds } from '../src/http/problems.ts';

/** Where the documents say more than the advice. */
const more: Readonly<Partial<Record<ErrorCode, string>>> = {
  'clock-skew': 'operations.md#the-clock-was-wrong',
  'store-unavailable': 'operations.md#the-store-is-away',
  unauthenticated: 'security.md',
  forbidden: 'security.md',
  'stale-batch': 'recipes/cron-curl-bash.md#stale-batch',
  'foreign-data': 'data-model.md#names',
};

/** Every problem with its type, its HTTP status, its title and what to do about it. Each has a heading to link to. */
export function listProblems(): string {
  return errorCodes
    .map((code) => {
      const { status, title } = problemKinds[code];
      const link = more[code] === undefined ? '' : ` More: [${more[code]}](${more[code]}).`;
      return `### ${code}\n\n**${status}** · ${title} · type \`${problemBase}${code}\`\n\n${problemAdvice[code]}${link}`;
    })
    .join('\n\n');
}
