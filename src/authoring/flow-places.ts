import type { ScopeDeclaration, TaskDeclaration } from '../domain/flow.ts';
import { quoteBriefly } from '../domain/names.ts';

/** Longer ones help nobody: the name of the flow must do. */
const longestPointer = 100;

/** A place in a flow, by the name of what stands there and by its pointer: `task "attach" (/children/0/children/3)`. */
export function placeIn(flow: ScopeDeclaration, pointer: string): string {
  const steps = pointer.split('/').slice(1);
  let node: ScopeDeclaration | TaskDeclaration = flow;
  for (let at = 0; steps[at] === 'children' && node.kind !== 'task'; at += 2) {
    const child: ScopeDeclaration | TaskDeclaration | undefined = node.children[Number(steps[at + 1])];
    if (child === undefined) break;
    node = child;
  }
  if (pointer === '') return '';
  const what = node.name === '' ? '' : `${node.kind === 'task' ? 'task' : 'flow'} ${quoteBriefly(node.name)}`;
  if (what === '') return pointer;
  return pointer.length > longestPointer ? what : `${what} (${pointer})`;
}
