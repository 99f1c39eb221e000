/**
 * How quotes are read. `shell`: as a POSIX shell does, so that what it will take for one word is not taken apart here. `plain`: a
 * backslash is a sign like any other (paths of Windows), `""` within quotes is a quote, and an apostrophe within a word
 * (`don't`) is none.
 */
export type Quoting = 'shell' | 'plain';

export interface QuotedPart {
  /** As written, quotes and all, without the spaces around it. */
  readonly text: string;
  /** Offset of `text`. */
  readonly at: number;
}

export interface QuotedSplit {
  readonly parts: readonly QuotedPart[];
  /** Offset of a quote that nothing closes, or `null`. What follows it was not split. */
  readonly unclosedAt: number | null;
}

/** Splits at each separator (one character) that does not stand within quotes. */
export function splitOutsideQuotes(text: string, separator: string, quoting: Quoting): QuotedSplit {
  const parts: QuotedPart[] = [];
  let begin = 0;
  let quote = '';
  let quoteAt = 0;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at);
    if (sign === '\\' && quoting === 'shell' && quote !== "'" && isEscapable(text.charAt(at + 1))) at += 1;
    else if (quote !== '') quote = sign === quote ? '' : quote;
    else if (sign === separator) {
      parts.push(partOf(text, begin, at));
      begin = at + 1;
    } else if (opensQuote(text, at, quoting)) {
      quote = sign;
      quoteAt = at;
    }
  }
  parts.push(partOf(text, begin, text.length));
  return { parts, unclosedAt: quote === '' ? null : quoteAt };
}

/** What stands between the quotes of a text that stands in quotes as a whole; `null` for any other. */
export function insideOfQuotes(text: string, quoting: Quoting): string | null {
  const quote = text.charAt(0);
  if (quote !== '"' && quote !== "'") return null;
  const inside: string[] = [];
  for (let at = 1; at < text.length; at += 1) {
    const sign = text.charAt(at);
    const next = text.charAt(at + 1);
    if (sign === '\\' && quoting === 'shell' && quote === '"' && isEscapable(next)) {
      inside.push(next === '"' ? next : sign + next);
      at += 1;
    } else if (sign !== quote) inside.push(sign);
    else if (quoting === 'plain' && next === quote) {
      inside.push(quote);
      at += 1;
    } else return at === text.length - 1 ? inside.join('') : null;
  }
  return null;
}

function opensQuote(text: string, at: number, quoting: Quoting): boolean {
  const sign = text.charAt(at);
  return sign === '"' || (sign === "'" && (quoting === 'shell' || !/[\p{L}\p{N}]/u.test(text.charAt(at - 1))));
}

function isEscapable(sign: string): boolean {
  return sign === '"' || sign === "'" || sign === '\\';
}

function partOf(text: string, begin: number, end: number): QuotedPart {
  const written = text.slice(begin, end);
  const isBlank = written.trim() === '';
  return { text: written.trim(), at: isBlank ? begin : begin + written.length - written.trimStart().length };
}
