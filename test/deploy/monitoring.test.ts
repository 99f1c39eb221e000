import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';

import { fixedCatalog } from '../http/fixed-catalog.ts';
import { type TestApp, testApp } from '../http/test-app.ts';
import { partsOf } from './promql.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
interface Dashboard {
  readonly title: string;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly query: string | { query: string } }[];
  };
  readonly panels: readonly Panel[];
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const dashboard = JSON.parse(read('deploy/grafana-dashboard.json')) as Dashboard;
const { groups } = load(read('deploy/alert-rules.yaml')) as {
  groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const targets = dashboard.panels.flatMap((panel) => panel.targets ?? []);
const expressions = [...targets, ...rules].map(({ expr }) => expr);

/** Names that can be asked for, each with the labels that some series of it has. */
async function exposed(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const app: TestApp = await testApp({
    cfg: { wf1: 'job1:\n  from_date: 2026-11-21\njob2: {}\n' },
    jobSide: { ...fixedCatalog({ name: 'Load' }), isUp: () => true },
  });
  expect((await app.call('POST', '/jobs/Load/launch')).status).toBe(202);
  for (const route of ['load_cfg/wf1', 'open_batch/wf1', 'close_batch/wf1', 'open_batch/wf1?job=job1'])
    expect((await app.call('POST', `/${route}`)).status).toBe(200);
  app.clock.advance({ hours: -2 });
  await app.services.watch.noticeSkew();
  const { text } = await app.call('GET', '/metrics');
  const found = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/gm)) {
    const known = found.get(name) ?? new Set(['instance', 'job']);
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    found.set(name, known);
  }
  return found;
}

test('every metric and label that dashboard and rules name is in the metrics of the service', async () => {
  const metrics = await exposed();
  for (const expression of expressions) {
    const { metrics: named, labels } = partsOf(expression);
    expect(named.length, expression).toBeGreaterThan(0);
    for (const name of named) expect([...metrics.keys()], expression).toContain(name);
    const known = new Set(named.flatMap((name) => [...(metrics.get(name) ?? [])]));
    for (const label of labels) expect([...known], expression).toContain(label);
  }
});

test('every metric of ours is explained, and what is explained is there', async () => {
  const text = read('docs/monitoring.md');
  const explained = new Set([...text.matchAll(/`(batchy_\w+)/g)].map(([, name]) => name));
  const ours = [...(await exposed()).keys()].filter((name) => name.startsWith('batchy_'));
  const families = ours.map((name) => name.replace(/(?<=_seconds)_(bucket|sum|count)$/, ''));
  expect(explained).toEqual(new Set(families));
});

describe('the dashboard', () => {
  test('shows what it should', () => {
    const shown = targets.map(({ expr }) => expr).join('\n');
    for (const what of [
      'batchy_watermark_age_seconds',
      'batchy_open_batch_age_seconds',
      'sum by (route, status) (rate(batchy_http_requests_total',
      'histogram_quantile(0.99, sum by (route, le)',
      'nodejs_eventloop_lag_p99_seconds',
      'batchy_store_round_trip_seconds',
      'batchy_prefetches_refused_total',
      'batchy_executions_total',
      'batchy_executions_live',
      'batchy_queue_waiting',
    ])
      expect(shown).toContain(what);
  });

  test('has panels that neither overlap nor share an id, each with a title', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(title).not.toBe('');
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken, title).not.toContain(`${x} ${y}`);
          taken.add(`${x} ${y}`);
        }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const panel of dashboard.panels) if (panel.type !== 'row') expect(panel.targets).not.toEqual([]);
  });

  test('uses the variables that it has, and only those; its legends name labels that are left', () => {
    const variables = dashboard.templating.list.map(({ name }) => name);
    const used = [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)].map(([, name]) => name);
    const builtIn = ['__rate_interval', '__all'];
    expect(new Set(used)).toEqual(new Set([...variables, ...builtIn]));
    for (const { expr, legendFormat } of targets) {
      const groups = [...(/\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? ['instance'])];
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(groups, expr).toContain(label);
    }
  });
});

describe('the alert rules', () => {
  test('have names of their own, a severity and a summary', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const rule of rules) {
      expect(rule.alert).toMatch(/^Batchy[A-Z]\w+$/);
      expect(['info', 'warning', 'critical']).toContain(rule.labels['severity']);
      expect(rule.annotations['summary']).not.toBe('');
      expect(rule.for ?? '1m').toMatch(/^\d+[smh]$/);
    }
  });

  test('fire on what somebody must know', () => {
    const names = rules.map(({ alert }) => alert);
    const needed = [
      'ExecutionFailed',
      'ConductorDown',
      'WatermarkOld',
      'BatchOpenLong',
      'Errors',
      'NotReady',
      'Down',
      'ClockSkew',
    ];
    expect(names).toEqual(expect.arrayContaining(needed.map((name) => `Batchy${name}`)));
  });

  test('point at the part of the document that says what to do', () => {
    for (const { alert, annotations } of rules) {
      const [file = '', heading = ''] = (annotations['runbook'] ?? '').split('#');
      expect(existsSync(path.join(root, file)), alert).toBe(true);
      expect(heading).toBe(alert.toLowerCase());
      expect(read(file)).toContain(`\n### ${alert}\n`);
    }
  });

  test('tell in their words only labels that their expression keeps', () => {
    for (const { alert, expr, annotations } of rules) {
      const kept = [...(/\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? ['instance'])];
      for (const [, label = ''] of Object.values(annotations)
        .join(' ')
        .matchAll(/\$labels\.(\w+)/g))
        expect(kept, alert).toContain(label);
    }
  });
});

describe('what is read of an expression', () => {
  test.each([
    ['up', ['up'], []],
    ['rate(a_total{b="c", d=~"e|f"}[5m]) > 0.5', ['a_total'], ['b', 'd']],
    ['sum by (le, x) (rate(a_bucket[1h])) / on (x) b or vector(0)', ['a_bucket', 'b'], ['le', 'x']],
    ['a{b="}"} * 1e3', undefined, undefined],
    ['sum(a', undefined, undefined],
    ['a{b}', undefined, undefined],
  ])('%s', (expression, metrics, labels) => {
    if (metrics === undefined) expect(() => partsOf(expression)).toThrow(Error);
    else expect(partsOf(expression)).toEqual({ metrics, labels });
  });
});
