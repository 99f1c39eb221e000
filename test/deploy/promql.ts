/** As much of a PromQL expression as can be held against what the service exposes. */
export interface ExpressionParts {
  readonly metrics: readonly string[];
  /** Labels that are matched or grouped by. */
  readonly labels: readonly string[];
}

const keywords = new Set([
  'and',
  'or',
  'unless',
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'bool',
]);

/** @throws Error where brackets do not close, or a selector cannot be read */
export function partsOf(expression: string): ExpressionParts {
  checkBrackets(expression);
  const labels = new Set<string>();
  const withoutSelectors = expression.replaceAll(/\{([^}]*)\}/g, (_whole, matchers: string) => {
    const rest = matchers.replaceAll(
      /\s*([a-z_]\w*)\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"\s*(?:,|$)/g,
      (_one, label: string) => {
        labels.add(label);
        return '';
      },
    );
    if (rest.trim() !== '') throw new Error(`cannot read {${matchers}} in ${expression}`);
    return '';
  });
  const withoutGroups = withoutSelectors.replaceAll(
    /\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g,
    (_whole, names: string) => {
      for (const name of names.split(',')) labels.add(name.trim());
      return '';
    },
  );
  const plain = withoutGroups.replaceAll(/\[[^\]]*\]/g, '');
  const names = [...plain.matchAll(/(?<![\w.:])([a-zA-Z_:][\w:]*)(?!\w|\s*\()/g)].map(([, name = '']) => name);
  return { metrics: [...new Set(names.filter((name) => !keywords.has(name)))], labels: [...labels] };
}

function checkBrackets(expression: string): void {
  const open: string[] = [];
  const partner: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };
  for (const character of expression.replaceAll(/"(?:[^"\\]|\\.)*"/g, '')) {
    if ('([{'.includes(character)) open.push(character);
    else if (character in partner && open.pop() !== partner[character])
      throw new Error(`${character} in ${expression}`);
  }
  if (open.length > 0) throw new Error(`${open.join('')} is not closed in ${expression}`);
}
