/** Something that a schema finds wrong with a value, as its checker words it. */
export interface Violation {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

/** The ways in which a value may be written, and what is wrong with it as each of them. */
interface Choice {
  readonly at: string;
  readonly ways: readonly (readonly Violation[])[];
}

/**
 * Where a value may be written in several ways the checker tells what is wrong with it as each of them, and then that none
 * fits. Whoever wrote it meant one: kept is what is wrong with it as that.
 */
export function bestFit(violations: readonly Violation[]): readonly Violation[] {
  const choices = violations.filter(isChoice);
  // What stands within a choice is decided first.
  const innermost = choices.toSorted((one, other) => other.schemaPath.length - one.schemaPath.length);
  return innermost.reduce(decide, violations);
}

function isChoice({ keyword }: Violation): boolean {
  return keyword === 'anyOf' || keyword === 'oneOf';
}

function decide(violations: readonly Violation[], choice: Violation): readonly Violation[] {
  const { schemaPath, instancePath: at, keyword } = choice;
  const ways = Map.groupBy(violations, (violation) =>
    isWithin(violation.instancePath, at) ? wayOf(violation.schemaPath, `${schemaPath}/${keyword}/`) : null,
  );
  const others = ways.get(null) ?? [];
  ways.delete(null);
  const meant = meantOf({ at, ways: [...ways.values()] });
  // It stands where the choice was told.
  return others.flatMap((violation) => (violation === choice ? (meant ?? [choice]) : [violation]));
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}/`);
}

/** Which of the ways a violation belongs to: the number behind `prefix`. */
function wayOf(schemaPath: string, prefix: string): string | null {
  return schemaPath.startsWith(prefix) ? (schemaPath.slice(prefix.length).split('/', 1)[0] ?? null) : null;
}

/** `null` where nothing is known but that none fits. */
function meantOf({ at, ways }: Choice): readonly Violation[] | null {
  if (ways.length === 0) return null;
  const ofItsKind = ways.filter((way) => !way.some((violation) => isOfOtherKind(violation, at)));
  if (ofItsKind.length === 0) return [kindsOf({ at, ways })];
  // What tells the ways apart is a name in a property: the one that it names is meant.
  const named = ofItsKind.filter((way) => !way.some((violation) => isOtherName(violation, at)));
  if (named.length === 0) return [...new Set(ofItsKind.flatMap((way) => way.filter((each) => isOtherName(each, at))))];
  return named.toSorted((one, other) => one.length - other.length)[0] ?? null;
}

/** It is no text where a text is expected, or none of the words. */
function isOfOtherKind({ keyword, instancePath }: Violation, at: string): boolean {
  return instancePath === at && (keyword === 'type' || keyword === 'const');
}

function isOtherName({ keyword, instancePath }: Violation, at: string): boolean {
  return keyword === 'const' && instancePath.slice(0, instancePath.lastIndexOf('/')) === at;
}

/** All that might stand there, as one violation. */
function kindsOf({ at, ways }: Choice): Violation {
  const own = ways.map((way) => way.filter((violation) => isOfOtherKind(violation, at)));
  const kinds = own.flatMap((way) => {
    const violation = way.find(({ keyword }) => keyword === 'const') ?? way[0];
    return violation === undefined ? [] : [violation];
  });
  const names = kinds.map(({ keyword, params }) =>
    keyword === 'const'
      ? JSON.stringify((params as { allowedValue: unknown }).allowedValue)
      : String((params as { type: unknown }).type),
  );
  const isWords = kinds.every(({ keyword }) => keyword === 'const');
  return {
    keyword: 'choice',
    schemaPath: '',
    instancePath: at,
    params: {},
    message: isWords ? `must be one of ${names.join(', ')}` : `must be ${[...new Set(names)].join(' or ')}`,
  };
}
