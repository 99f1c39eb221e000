import { isExactNumber } from '../domain/json.ts';
import type { YamlMap, YamlNode } from './yaml-node.ts';

/** The value for those who take JavaScript's numbers: `1.0` is 1. */
export function plainOf(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return isExactNumber(node.value) ? Number(node.value.rawJSON) : node.value;
    case 'list':
      return node.items.map(plainOf);
    case 'map':
      return Object.fromEntries([...node.entries].map(([name, entry]) => [name, plainOf(entry.node)]));
    default:
      return node satisfies never;
  }
}

/** A text where one is wanted: numbers and words that mean truth as they were written. Anything else stays what it is. */
export function textOf(node: YamlNode): unknown {
  if (node.kind === 'scalar' && node.value !== null && typeof node.value !== 'string') return node.source;
  return plainOf(node);
}

/**
 * Where in the file a JSON pointer leads: to the key, or to the item of a list. Where it leads nowhere, as far as it goes; what
 * a step lacks is looked for in what it does (`chunkSize` in `csv`).
 */
export function offsetOf(root: YamlNode, pointer: string, within: readonly string[]): number {
  let node = root;
  let offset = root.at;
  const segments = pointer.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const key = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    const isOfStep = index === 2 && segments[0] === 'steps' && key !== 'name';
    const found = childOf(node, key) ?? (isOfStep && node.kind === 'map' ? childWithin(node, key, within) : null);
    if (found === null) return offset;
    ({ node } = found);
    // What an alias stands for lies elsewhere, but the mistake is made here.
    offset = Math.max(offset, found.at);
  }
  return offset;
}

interface Child {
  readonly node: YamlNode;
  readonly at: number;
}

function childOf(node: YamlNode, key: string): Child | null {
  if (node.kind === 'list') {
    const item = node.items[Number(key)];
    return item === undefined ? null : { node: item, at: item.at };
  }
  if (node.kind !== 'map') return null;
  // Decisions are counted, though they are written as a map.
  const entry = node.entries.get(key) ?? (/^\d+$/.test(key) ? [...node.entries.values()][Number(key)] : undefined);
  return entry === undefined ? null : { node: entry.node, at: entry.keyAt };
}

function childWithin(step: YamlMap, key: string, within: readonly string[]): Child | null {
  const what = within.flatMap((name) => step.entries.get(name) ?? [])[0];
  if (what === undefined) return null;
  return childOf(what.node, key) ?? { node: what.node, at: what.keyAt };
}
