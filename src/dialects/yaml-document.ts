import {
  EVENT_ID,
  type Event,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from 'js-yaml';
import type { Json } from '../domain/json.ts';
import { quoteBriefly } from '../domain/names.ts';
import { readPlainScalar, readTaggedScalar, type ScalarTag } from './yaml-scalar.ts';
import type { YamlEntry, YamlList, YamlMap, YamlNode, YamlScalar } from './yaml-node.ts';
import { type YamlSource, yamlProblem } from './yaml-source.ts';

/** A file larger than this (UTF-8 bytes) is refused. */
export const maxYamlBytes = 256 * 1024;
/** Most aliases (`*name`) in a file. */
const maxAliases = 256;
/** What aliases stand for, written out, may be no longer than a file (a count of characters and values). */
const maxExpansion = maxYamlBytes;
/** Nesting, aliases written out. */
const maxDepth = 100;

/**
 * Reads the one document of a file.
 * @throws BatchyError `invalid-configuration` naming file, line and column
 */
export function parseYamlDocument(source: YamlSource): YamlNode {
  const bytes = source.text.length > maxYamlBytes ? source.text.length : new TextEncoder().encode(source.text).length;
  if (bytes > maxYamlBytes) {
    throw yamlProblem(
      source,
      0,
      `the file is larger than ${maxYamlBytes / 1024} KiB; a file of settings is a few pages at most`,
    );
  }
  return new Composer(source, readEvents(source)).compose();
}

function readEvents(source: YamlSource): Event[] {
  try {
    return parseEvents(source.text, { filename: source.fileName, maxDepth });
  } catch (cause) {
    if (cause instanceof YAMLException) throw yamlProblem(source, cause.mark?.position ?? 0, cause.reason, cause);
    throw yamlProblem(source, 0, 'the file cannot be read as YAML', cause);
  }
}

interface Frame {
  readonly node: YamlList | YamlMap;
  readonly anchor: string | null;
  readonly merged: YamlMap[];
  key: YamlNode | null;
  mergeKeyAt: number | null;
}

/**
 * Builds the tree from the parser's flat events. It is built here because js-yaml's own constructor knows neither the
 * source text of numbers nor the places of values, and follows aliases without bound.
 */
class Composer {
  readonly #source: YamlSource;
  readonly #events: readonly Event[];
  readonly #frames: Frame[] = [];
  readonly #anchors = new Map<string, YamlNode | 'unfinished'>();
  #root: YamlNode | null = null;
  #position = 0;
  #aliases = 0;
  #expansion = 0;

  constructor(source: YamlSource, events: readonly Event[]) {
    this.#source = source;
    this.#events = events;
  }

  compose(): YamlNode {
    let documents = 0;
    for (const event of this.#events) {
      this.#position = eventOffset(event, this.#position);
      switch (event.type) {
        case EVENT_ID.DOCUMENT:
          documents += 1;
          if (documents > 1)
            throw this.#problemAt(
              secondDocument(this.#source.text, this.#position),
              'the file holds more than one document; keep the first and remove the rest',
            );
          if (event.directives.some((directive) => directive.kind === 'tag'))
            throw this.#problem('tag directives are not accepted');
          break;
        case EVENT_ID.SCALAR:
          this.#scalar(event);
          break;
        case EVENT_ID.SEQUENCE:
          this.#checkTag(event, 'seq');
          this.#begin({ kind: 'list', at: this.#position, size: 1, depth: 1, items: [] }, event);
          break;
        case EVENT_ID.MAPPING:
          this.#checkTag(event, 'map');
          this.#begin({ kind: 'map', at: this.#position, size: 1, depth: 1, entries: new Map() }, event);
          break;
        case EVENT_ID.ALIAS:
          this.#alias(this.#source.text.slice(event.anchorStart, event.anchorEnd));
          break;
        case EVENT_ID.POP:
          this.#end();
          break;
        default:
          throw this.#problem(`unexpected ${String(event satisfies never)}`);
      }
    }
    if (this.#root === null)
      throw this.#problemAt(
        0,
        `the file is empty; ${this.#source.holds === undefined ? 'it should map each job to its parameters' : `it should hold ${this.#source.holds}`}`,
      );
    return this.#root;
  }

  #scalar(event: ScalarEvent): void {
    const text = getScalarValue(this.#source.text, event);
    const tag = this.#tag(event);
    const plain = event.style === SCALAR_STYLE.PLAIN;
    const value = this.#scalarValue(text, tag, plain);
    const merges = (plain && tag === null && text === '<<') || tag === 'merge';
    const node: YamlScalar = {
      kind: 'scalar',
      at: this.#position,
      size: 1 + text.length,
      depth: 0,
      value,
      merges,
      source: text,
    };
    const anchor = this.#anchor(event);
    if (anchor !== null) this.#anchors.set(anchor, node);
    this.#add(node);
  }

  #scalarValue(text: string, tag: string | null, plain: boolean): Json {
    if (tag === '' || tag === 'merge') return text;
    if (tag === null) {
      const value = plain ? readPlainScalar(text) : text;
      if (value === undefined)
        throw this.#problem(`${text} is no number that JSON can carry; quote it if it is a text`);
      return value;
    }
    const value = isScalarTag(tag) ? readTaggedScalar(text, tag) : undefined;
    if (value === undefined) throw this.#problem(`${quoteBriefly(text)} is no !!${tag}`);
    return value;
  }

  #checkTag(event: { tagStart: number; tagEnd: number }, expected: 'seq' | 'map'): void {
    const tag = this.#tag(event);
    if (tag !== null && tag !== '' && tag !== expected) throw this.#problem(`!!${tag} is not accepted here`);
  }

  /** The core tag's name, `''` for the non-specific `!`, `null` without a tag. No other tag is accepted. */
  #tag(event: { tagStart: number; tagEnd: number }): string | null {
    if (event.tagStart === -1) return null;
    const written = this.#source.text.slice(event.tagStart, event.tagEnd);
    if (written === '!') return '';
    const core = /^(?:!!|!<tag:yaml\.org,2002:)(str|int|float|bool|null|map|seq|merge)>?$/.exec(written)?.[1];
    if (core === undefined)
      throw this.#problemAt(event.tagStart, `the tag ${quoteBriefly(written)} is not accepted; write plain values`);
    return core;
  }

  #anchor(event: { anchorStart: number; anchorEnd: number }): string | null {
    return event.anchorStart === -1 ? null : this.#source.text.slice(event.anchorStart, event.anchorEnd);
  }

  #begin(node: YamlList | YamlMap, event: { anchorStart: number; anchorEnd: number }): void {
    const anchor = this.#anchor(event);
    if (anchor !== null) this.#anchors.set(anchor, 'unfinished');
    this.#frames.push({ node, anchor, merged: [], key: null, mergeKeyAt: null });
  }

  #end(): void {
    const frame = this.#frames.pop();
    if (frame === undefined) return;
    if (frame.anchor !== null) this.#anchors.set(frame.anchor, frame.node);
    this.#add(frame.node.kind === 'map' ? this.#withMerged(frame.node, frame) : frame.node);
  }

  #alias(name: string): void {
    const target = this.#anchors.get(name);
    if (target === undefined) throw this.#problem(`the alias *${name} has no anchor before it`);
    if (target === 'unfinished') throw this.#problem(`the alias *${name} stands inside of what it stands for`);
    this.#aliases += 1;
    this.#expansion += target.size;
    if (this.#aliases > maxAliases) throw this.#problem(`more than ${maxAliases} aliases`);
    if (this.#expansion > maxExpansion) throw this.#problem('the aliases stand for more than a file may hold');
    this.#add(target);
  }

  #add(node: YamlNode): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) {
      this.#root = node;
      return;
    }
    const parent = frame.node;
    parent.size += node.size;
    parent.depth = Math.max(parent.depth, node.depth + 1);
    if (parent.depth + this.#frames.length - 1 > maxDepth) throw this.#problem(`nested more than ${maxDepth} deep`);
    if (parent.kind === 'list') parent.items.push(node);
    else if (frame.key === null) frame.key = node;
    else this.#addEntry(frame, parent, node);
  }

  #addEntry(frame: Frame, map: YamlMap, node: YamlNode): void {
    const key = frame.key;
    frame.key = null;
    if (key === null) return;
    if (key.kind === 'scalar' && key.merges) {
      if (frame.mergeKeyAt !== null) throw this.#problemAt(key.at, 'a second << in one map; write one <<: [*a, *b]');
      frame.mergeKeyAt = key.at;
      frame.merged.push(...this.#mergeSources(node, key.at));
      return;
    }
    const name = this.#keyText(key);
    if (map.entries.has(name)) throw this.#problemAt(key.at, `the key ${quoteBriefly(name)} stands twice in one map`);
    map.entries.set(name, { keyAt: key.at, node });
  }

  /**
   * A key is a text, or a whole number written as JSON would (`2016:`). What PyYAML turns into something else
   * (`on:` into true, `1.10:` into 1.1, `010:` into 8) is refused: nobody could tell which name was meant.
   */
  #keyText(key: YamlNode): string {
    if (key.kind !== 'scalar') throw this.#problemAt(key.at, 'a key must be a text, not a map or a list');
    if (typeof key.value === 'string') return key.value;
    if (/^(?:0|-?[1-9]\d*)$/.test(key.source)) return key.source;
    throw this.#problemAt(key.at, `the key ${quoteBriefly(key.source)} is no text to YAML; put it in quotes`);
  }

  #mergeSources(node: YamlNode, at: number): YamlMap[] {
    const sources = node.kind === 'list' ? node.items : [node];
    return sources.map((source) => {
      if (source.kind !== 'map') throw this.#problemAt(at, '<< takes a map or a list of maps');
      return source;
    });
  }

  /** What was merged comes first; an earlier source wins over a later one, and the map's own entries over all. */
  #withMerged(map: YamlMap, frame: Frame): YamlMap {
    if (frame.merged.length === 0) return map;
    const entries = new Map<string, YamlEntry>();
    for (const source of frame.merged) {
      for (const [name, entry] of source.entries) if (!entries.has(name)) entries.set(name, entry);
    }
    for (const [name, entry] of map.entries) entries.set(name, entry);
    const merged: YamlMap = { ...map, entries };
    if (frame.anchor !== null) this.#anchors.set(frame.anchor, merged);
    return merged;
  }

  #problem(problem: string): Error {
    return this.#problemAt(this.#position, problem);
  }

  #problemAt(offset: number, problem: string): Error {
    return yamlProblem(this.#source, offset, problem);
  }
}

function isScalarTag(tag: string): tag is ScalarTag {
  return tag === 'str' || tag === 'int' || tag === 'float' || tag === 'bool' || tag === 'null';
}

/** Where an event begins; an empty scalar has no place of its own and takes the one before it. */
function eventOffset(event: Event, previous: number): number {
  if (event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.POP) return previous;
  if (event.type === EVENT_ID.ALIAS) return event.anchorStart - 1;
  const starts = [event.tagStart, event.anchorStart === -1 ? -1 : event.anchorStart - 1];
  if (event.type !== EVENT_ID.SCALAR) starts.push(event.start);
  else if (event.valueStart !== -1)
    starts.push(event.style === SCALAR_STYLE.PLAIN ? event.valueStart : event.valueStart - 1);
  const present = starts.filter((start) => start >= 0);
  return present.length === 0 ? previous : Math.min(...present);
}

/** The `---` (or `...`) behind the first document's last value. */
function secondDocument(text: string, after: number): number {
  const marker = /^(?:---|\.\.\.)/gm;
  marker.lastIndex = after;
  return marker.exec(text)?.index ?? after;
}
