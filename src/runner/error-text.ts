/** Longest message that is stored with an execution, in characters. The log has all of it. */
const longestMessage = 2000;

/** An error's text in one line or more, without its stack: what is stored and answered. Anything can be thrown. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : describe(error);
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
}

/** All that is known of an error, for the log: stack and causes. */
export function errorStack(error: unknown): string {
  const lines: string[] = [];
  for (let current = error, depth = 0; current !== undefined && depth < 5; depth += 1) {
    const text = current instanceof Error ? (current.stack ?? current.message) : describe(current);
    lines.push(depth === 0 ? text : `caused by ${text}`);
    current = current instanceof Error ? current.cause : undefined;
  }
  return lines.join('\n');
}

function describe(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return 'something was thrown that is no error';
  }
}
