import { describe, expect, it } from 'vitest';

import { flowOf, linear, scopeOf, type Script, simulate, times } from './flow-simulator.ts';

describe('10,000 tasks', () => {
  /** How often nodes are looked at from the first event to the end. */
  function looks(size: number, script: Script, kind: 'linear' | 'unordered' | 'graph', perScope = size): number {
    const names = Array.from({ length: size }, (_each, index) => `n${index}`);
    const scopes = Array.from({ length: size / perScope }, (_each, index) =>
      scopeOf(
        kind,
        `s${index}`,
        names.slice(index * perScope, (index + 1) * perScope),
        perScope < size ? times(2) : null,
      ),
    );
    const flow = flowOf(linear('f', scopes));
    let looked = 0;
    const nodes = new Proxy(flow.nodes, {
      get(target, key) {
        looked += 1;
        return Reflect.get(target, key) as unknown;
      },
    });
    const { finish } = simulate({ ...flow, nodes }, script, { capacity: 4 });
    expect(finish.status).toBeDefined();
    return looked;
  }

  const last = (size: number): Script => ({ fails: (task) => task === `n${size - 1}` });
  const everyTenth: Script = { fails: (task, count) => count === 0 && task.endsWith('7') };

  it.each([
    ['in a line', 'linear', () => ({})],
    ['side by side', 'unordered', () => ({})],
    ['in a line, all of which are reverted', 'linear', last],
    ['side by side, all of which are reverted', 'unordered', last],
  ] as const)('%s cost each what one of 1,000 costs', (_what, kind, script) => {
    const few = looks(1000, script(1000), kind);
    const many = looks(10_000, script(10_000), kind);
    expect(many).toBeLessThan(few * 10.5);
    expect(many).toBeLessThan(10_000 * 60);
  });

  it('in 1,000 scopes, each of which is tried twice, cost each what one in 100 scopes costs', () => {
    expect(looks(10_000, everyTenth, 'linear', 10)).toBeLessThan(looks(1000, everyTenth, 'linear', 10) * 10.5);
  });
});
