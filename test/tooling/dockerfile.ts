/** One instruction of a Dockerfile: `COPY`, its flags (`--from=…`) and the rest of its line. */
export interface Instruction {
  readonly name: string;
  readonly flags: readonly string[];
  readonly text: string;
}

/**
 * Reads as much of a Dockerfile as ours uses: comments, continued lines, flags; no here-documents, one stage.
 * @see https://docs.docker.com/reference/dockerfile/
 */
export function parseDockerfile(source: string): Instruction[] {
  const lines = source
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n');
  return lines.flatMap((line) => {
    const match = /^\s*([A-Za-z]+)\s+(.*\S)\s*$/.exec(line);
    if (match === null) {
      if (line.trim() !== '') throw new Error(`no instruction of a Dockerfile: ${line}`);
      return [];
    }
    const words = (match[2] ?? '').split(/\s+/);
    const firstArgument = words.findIndex((word) => !word.startsWith('--'));
    const flags = words.slice(0, firstArgument);
    return [{ name: (match[1] ?? '').toUpperCase(), flags, text: words.slice(firstArgument).join(' ') }];
  });
}

/** The words of an instruction in exec form, `["node", "src/main.ts"]`. @throws SyntaxError when it is in shell form */
export function execForm(text: string): [string, ...string[]] {
  const words: unknown = JSON.parse(text);
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string')) throw new SyntaxError(text);
  return words as [string, ...string[]];
}

/** `HOST=0.0.0.0 PORT=5000` as a record. */
export function environmentOf(instructions: readonly Instruction[]): Record<string, string> {
  const words = instructions.filter(({ name }) => name === 'ENV').flatMap(({ text }) => text.split(' '));
  return Object.fromEntries(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
}
