import { type ErrorCode, errorCodes } from '../domain/errors.ts';
import { BatchyError } from '../domain/errors.ts';
import { quoteBriefly } from '../domain/names.ts';
import { problemAdvice } from './problem-advice.ts';
import { problemBase, problemKinds } from './problems.ts';

/**
 * What a problem's `type` points at: what it means and what to do, as a small page.
 * @throws BatchyError `not-found`
 */
export function problemPage(code: string): string {
  if (!isCode(code))
    throw new BatchyError(
      'not-found',
      `There is no problem ${quoteBriefly(code)}. The problems are ${errorCodes.join(', ')}.`,
    );
  const { status, title } = problemKinds[code];
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
    `<title>${escapeHtml(title)} · Batchy</title></head><body>`,
    `<h1>${escapeHtml(title)}</h1>`,
    `<p><code>${problemBase}${code}</code> · HTTP ${status}</p>`,
    `<p>${markup(problemAdvice[code])}</p>`,
    '</body></html>',
    '',
  ].join('\n');
}

function isCode(text: string): text is ErrorCode {
  return (errorCodes as readonly string[]).includes(text);
}

/** The two marks that the advice uses: code and strong. */
function markup(text: string): string {
  return escapeHtml(text)
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')
    .replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
