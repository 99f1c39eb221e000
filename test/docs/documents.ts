import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/** Every document of the project, by its path from the root. */
export const documents: ReadonlyMap<string, string> = new Map(
  ['*.md', 'docs/**/*.md']
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .map((file) => file.replaceAll(path.sep, '/'))
    .sort()
    .map((file) => [file, readFileSync(path.join(root, file), 'utf8')]),
);

export interface Link {
  /** The document that holds it. */
  readonly from: string;
  readonly target: string;
}

/** Links and images to something within the project: everything without a scheme. */
export function relativeLinks(): Link[] {
  return [...documents].flatMap(([from, text]) =>
    [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) =>
      /^[a-z]+:/.test(target) ? [] : [{ from, target }],
    ),
  );
}

/** Where a link leads: a file from the root, and a heading or anchor within it (or none). */
export function resolveLink({ from, target }: Link): { readonly file: string; readonly anchor: string } {
  const [file = '', anchor = ''] = target.split('#');
  return { file: file === '' ? from : path.posix.join(path.posix.dirname(from), file), anchor };
}

/** The anchors of a document as GitHub makes them from headings, and those that it sets itself. */
export function anchorsOf(text: string): string[] {
  const headings = [...withoutFences(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return [...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)];
}

/** The text of all code in a document: lines of fenced blocks, and spans; continued lines are joined. */
export function codeOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```.*?\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
    block.replaceAll(/\\\n\s*/g, '').split('\n'),
  );
  const spans = [...withoutFences(text).matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replaceAll(/\s+/g, ' '));
  return [...blocks, ...spans];
}

/** Fenced blocks of one language, without its fences. */
export function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block);
}

function withoutFences(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, '');
}

function withoutCode(text: string): string {
  return withoutFences(text).replaceAll(/`[^`]*`/g, '');
}
