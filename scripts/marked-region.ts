/**
 * Parts of a document that are written by a script stand between two comments; the prose around them is written by hand.
 */
function marks(name: string): { readonly begin: string; readonly end: string } {
  return { begin: `<!-- ${name}: written by npx node scripts/draw-docs.ts -->`, end: `<!-- /${name} -->` };
}

/** @throws Error when the document has no such region */
export function replaceRegion(document: string, name: string, content: string): string {
  const { begin, end } = marks(name);
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from === -1 || to < from) throw new Error(`the document has no region ${begin} … ${end}`);
  return `${document.slice(0, from)}${begin}\n\n${content.trim()}\n\n${document.slice(to)}`;
}

/** A Markdown table; a `|` within a cell is escaped. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function escapeCell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ');
}
