import { errorCodes } from '../src/domain/errors.ts';
import { problemBase, problemKinds } from '../src/http/problems.ts';
import { problemAdvice } from './problem-advice.ts';

/** Every problem with its type, its HTTP status, its title and what to do about it. Each has a heading to link to. */
export function listProblems(): string {
  return errorCodes
    .map((code) => {
      const { status, title } = problemKinds[code];
      return `### ${code}\n\n**${status}** · ${title} · type \`${problemBase}${code}\`\n\n${problemAdvice[code]}`;
    })
    .join('\n\n');
}
