import { execa } from 'execa';

/** A command of a document and what the document says that it prints. */
export interface Step {
  readonly command: string;
  readonly printed: string;
}

/** The steps of all `console` blocks of a document, in order: `$ ` begins a command, what follows is its output. */
export function consoleSteps(markdown: string): Step[] {
  return [...markdown.matchAll(/^```console\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((step) => {
        const [command = '', ...output] = step.split('\n');
        return { command, printed: output.join('\n').trim() };
      }),
  );
}

/** Runs the commands one after the other in one shell, as a reader would. @returns what each printed */
export async function runSession(commands: readonly string[], folder: string): Promise<string[]> {
  const mark = 'end of a step of the session';
  const { stdout } = await execa('bash', ['-u'], {
    cwd: folder,
    input: commands.map((command) => `${command}\nprintf '\\n%s\\n' '${mark}'\n`).join(''),
  });
  return stdout
    .split(mark)
    .slice(0, -1)
    .map((output) => output.trim());
}

/**
 * Whether two outputs are of the same making: JSON is compared as such; a time or batch id of the demonstration stands for
 * any other, but the same one always for the same.
 */
export function createComparison(demonstration: { readonly times: RegExp; readonly ids: RegExp }) {
  const standsFor = new Map<string, string>();

  const unify = (printed: unknown, actual: unknown): unknown => {
    if (typeof printed === 'number' && typeof actual === 'number' && isExactly(demonstration.ids, String(printed)))
      return bound(String(printed), String(actual)) ? printed : actual;
    if (typeof printed === 'string' && typeof actual === 'string') return unifyText(printed, actual);
    if (Array.isArray(printed) && Array.isArray(actual))
      return actual.map((item, index) => unify(printed[index], item));
    if (isObject(printed) && isObject(actual))
      return Object.fromEntries(Object.entries(actual).map(([name, value]) => [name, unify(printed[name], value)]));
    return actual;
  };

  const unifyText = (printed: string, actual: string): string => {
    if (isExactly(demonstration.times, printed)) return bound(printed, actual) ? printed : actual;
    const spelledOut = [...standsFor].reduce((text, [name, value]) => text.replaceAll(name, value), printed);
    return spelledOut === actual ? printed : actual;
  };

  const bound = (name: string, value: string): boolean => {
    // Two names may stand for one value: within one second a preview foretells the id that the open then gives.
    if (!standsFor.has(name)) standsFor.set(name, value);
    return standsFor.get(name) === value;
  };

  return {
    /** The actual output with the document's times and ids in place of its own, as far as they correspond. */
    inTermsOf(printed: string, actual: string): { readonly printed: unknown; readonly actual: unknown } {
      const [one, other] = [jsonOrText(printed), jsonOrText(actual)];
      return { printed: one, actual: unify(one, other) };
    },
  };
}

function isExactly(pattern: RegExp, text: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`).test(text);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
