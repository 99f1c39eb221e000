import type { Json } from '../domain/json.ts';

/** A value with its place. */
export type YamlNode = YamlScalar | YamlList | YamlMap;
interface NodeBase {
  /** Offset into the text. */
  readonly at: number;
  /** Characters and values, aliases written out. */
  size: number;
  /** Nesting, aliases written out. */
  depth: number;
}
export interface YamlScalar extends NodeBase {
  readonly kind: 'scalar';
  readonly value: Json;
  /** Set where the scalar was written as a plain `<<`: as a key, it merges. */
  readonly merges: boolean;
  readonly source: string;
}
export interface YamlList extends NodeBase {
  readonly kind: 'list';
  readonly items: YamlNode[];
}
export interface YamlMap extends NodeBase {
  readonly kind: 'map';
  readonly entries: Map<string, YamlEntry>;
}
export interface YamlEntry {
  readonly keyAt: number;
  readonly node: YamlNode;
}

/** The value without its places. */
export function jsonOfYaml(node: YamlNode): Json {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(jsonOfYaml);
    case 'map':
      // Object.fromEntries defines properties, so that a key `__proto__` is a key like any other.
      return Object.fromEntries([...node.entries].map(([name, entry]) => [name, jsonOfYaml(entry.node)]));
    default:
      return node satisfies never;
  }
}
