/** A line with lines below it. */
export interface Branch {
  readonly text: string;
  readonly children: readonly Branch[];
}

/** A tree as lines: the root at the margin, what is below it behind `├─`. */
export function treeLines({ text, children }: Branch): string[] {
  return [text, ...below(children, '')];
}

function below(children: readonly Branch[], indent: string): string[] {
  return children.flatMap((child, place) => {
    const isLast = place === children.length - 1;
    const [sign, rest] = isLast ? ['└─', '   '] : ['├─', '│  '];
    return [`${indent}${sign} ${child.text}`, ...below(child.children, `${indent}${rest}`)];
  });
}
