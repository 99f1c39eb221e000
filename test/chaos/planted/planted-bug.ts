/** A mistake as a change to the code could bring it, and what must see it. Each is as small as it would be in the code. */
export interface PlantedBug {
  /** Letters, digits and hyphens. */
  readonly id: string;
  /** What the program does wrong, in words. */
  readonly bug: string;
  /** The invariant (I1 to I13, docs/chaos.md), or the promise, that it breaks. */
  readonly breaks: string;
  /** From the project’s root. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly caughtBy: TestCheck;
  /** The scenario of `npm run chaos` that sees it, too: with real processes, and by what the store has written down. */
  readonly scenario?: string;
}

/** A file of tests; `name`: those of its tests whose names hold this text, all if not said. */
export interface TestCheck {
  readonly file: string;
  readonly name?: string;
}

export type Check = TestCheck | { readonly scenario: string };

export function checkTitle(check: Check): string {
  if ('scenario' in check) return `npm run chaos -- --only ${check.scenario}`;
  return check.name === undefined ? check.file : `${check.file} › ${check.name}`;
}

/**
 * The text of a file with the bug in it.
 * @throws RangeError where the place is not there exactly once: the bug no longer fits the code
 */
export function plantInto(text: string, { id, file, find, replace }: PlantedBug): string {
  const places = text.split(find).length - 1;
  if (places !== 1)
    throw new RangeError(
      `${id}: the text to be replaced is in ${file} ${places} times, not once. Plant the bug anew where the code is now.`,
    );
  return text.replace(find, () => replace);
}
