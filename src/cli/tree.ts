/** A line with lines below it. */
export interface Branch {
  readonly text: string;
  readonly children: readonly Branch[];
}

/** What stands before a child, and before all that is below it; of the last child of its parent both may differ. */
export interface TreeSigns {
  readonly child: readonly [sign: string, below: string];
  readonly last: readonly [sign: string, below: string];
}

const drawn: TreeSigns = { child: ['├─ ', '│  '], last: ['└─ ', '   '] };

/** A tree as lines: the root at the margin, what is below it behind `├─` unless told otherwise. */
export function treeLines({ text, children }: Branch, signs = drawn): string[] {
  return [text, ...below(children, '', signs)];
}

function below(children: readonly Branch[], indent: string, signs: TreeSigns): string[] {
  return children.flatMap((child, place) => {
    const [sign, rest] = place === children.length - 1 ? signs.last : signs.child;
    return [`${indent}${sign}${child.text}`, ...below(child.children, `${indent}${rest}`, signs)];
  });
}
