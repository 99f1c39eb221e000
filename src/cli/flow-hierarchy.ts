import { type Flow, type FlowInput, type FlowNode, providedNames, type RetryController } from '../domain/flow.ts';
import { missingRequirements } from '../domain/flow-requirements.ts';
import { type Json, type JsonObject, stringifyJson } from '../domain/json.ts';
import type { BuiltFlow } from './machine.ts';
import { printable, type Terminal } from './terminal.ts';
import { type Branch, treeLines, type TreeSigns } from './tree.ts';

/** As TaskFlow draws its trees (`taskflow.types.tree`), so that whoever reads those reads these. */
const signs: TreeSigns = { child: ['|__', '|  '], last: ['|__', '   '] };

/** Prints the tree of a flow: its scopes with their sizes and controllers, its tasks with what they require and provide. */
export function tellHierarchy(terminal: Terminal, { flow, store }: BuiltFlow, asJson: boolean): void {
  if (asJson) return terminal.out(stringifyJson(fieldsOf(flow, 0)));
  const missing = missingRequirements(flow, store);
  const lacks = new Set(missing.map(({ node, value }) => stringifyJson([node, value])));
  const posted = new Set(store);
  const branch = (index: number): Branch => {
    const node = flow.nodes[index] as FlowNode;
    const parts = node.kind === 'task' ? taskParts(node) : scopeParts(node);
    const name = node.kind === 'task' ? node.name : `${node.name}(len=${node.size})`;
    return {
      text: printable([name, parts.filter((part) => part !== '').join('; ')].filter(Boolean).join('  ')),
      children: childrenOf(flow, index).map(branch),
    };
  };
  const taskParts = (node: FlowNode & { kind: 'task' }): string[] => [
    listed(
      'requires',
      node.inputs.map((input) => inputText(node.name, input)),
    ),
    listed('provides', [...providedNames(node.provides)]),
    node.hasRevert ? '' : 'no revert',
  ];
  const scopeParts = (node: Exclude<FlowNode, { kind: 'task' }>): string[] => [
    node.kind,
    node.retry === null ? '' : controllerText(node.retry),
    node.values === null ? '' : listed('requires', [inputText(node.name, node.values)]),
  ];
  /** `port?` is optional; `host=address` takes another value; behind it stands who gives it. */
  const inputText = (name: string, { argument, value, optional, provider }: FlowInput): string => {
    const isMissing = lacks.has(stringifyJson([name, value]));
    const giver = provider === null ? '' : (flow.nodes[provider]?.name ?? '');
    const from = isMissing ? 'missing' : posted.has(value) ? 'posted' : giver === '' ? '' : `from ${giver}`;
    const shown = `${argument === value ? value : `${argument}=${value}`}${optional ? '?' : ''}`;
    return from === '' ? shown : `${shown} (${from})`;
  };
  for (const line of treeLines(branch(0), signs)) terminal.out(line);
  for (const [value, lacking] of Map.groupBy(missing, (each) => each.value)) {
    const nodes = lacking.map(({ node }) => node).join(', ');
    const providers = [...new Set(lacking.flatMap(({ providedBy }) => providedBy))].join(', ');
    const late = providers === '' ? '' : `; ${providers} provides it, but not to them`;
    terminal.err(printable(`${value} must be posted (--${value} value): required by ${nodes}${late}`));
  }
}

/** `times(3)`, `forEach(["x","y"]) as value` */
function controllerText(retry: RetryController): string {
  if (retry.kind === 'times') return `times(${retry.attempts})`;
  if (retry.kind === 'forEach') return `forEach(${stringifyJson(retry.values)}) as ${retry.provides}`;
  if (retry.kind === 'parameterizedForEach') return `parameterizedForEach(${retry.parameter}) as ${retry.provides}`;
  return `${retry.kind}()`;
}

function childrenOf({ nodes }: Flow, scope: number): number[] {
  const { kind } = nodes[scope] as FlowNode;
  return kind === 'task' ? [] : nodes.flatMap((node, index) => (node.scope === scope ? [index] : []));
}

function fieldsOf(flow: Flow, index: number): JsonObject {
  const node = flow.nodes[index] as FlowNode;
  const { name, kind } = node;
  if (node.kind !== 'task') {
    const retry = node.retry === null ? null : ({ ...node.retry } satisfies JsonObject);
    return { name, kind, retry, children: childrenOf(flow, index).map((child): Json => fieldsOf(flow, child)) };
  }
  const inputs = node.inputs.map(({ argument, value, optional, provider }): JsonObject => {
    return { argument, value, optional, provider: provider === null ? null : (flow.nodes[provider]?.name ?? null) };
  });
  return { name, kind, requires: inputs, provides: [...providedNames(node.provides)], has_revert: node.hasRevert };
}

function listed(title: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `${title} ${items.join(', ')}`;
}
