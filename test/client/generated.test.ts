import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { execa } from 'execa';
import { expect, test } from 'vitest';

import { clientSources } from '../../scripts/generate-client.ts';
import { type JsonSchema, typeText } from '../../scripts/schema-types.ts';
import { routes } from '../../src/client/routes.ts';
import { fetchDocument, operationsOf } from '../http/openapi-requests.ts';
import { testApp } from '../http/test-app.ts';

const root = path.resolve(import.meta.dirname, '../..');

test('the client is what the routes make of it now (npx node scripts/generate-client.ts makes it anew)', async () => {
  const expected = await clientSources();
  expect(Object.keys(expected)).toHaveLength(8);
  for (const [file, text] of Object.entries(expected))
    expect(readFileSync(path.join(root, file), 'utf8'), file).toBe(text);
});

test('every operation is offered, but streams without end and the second of two methods that do the same', async () => {
  const left = operationsOf(await fetchDocument(await testApp())).flatMap(({ object }) =>
    object.operationId in routes ? [] : [object.operationId],
  );
  const twins = ['openBatch', 'openBatchAs', 'closeBatch', 'failBatch', 'loadWorkflow'].map((name) => `${name}ByGet`);
  const second = ['getIndexByPost', 'getStatusByPost', ...twins];
  expect(left.sort()).toEqual([...second, 'streamEvents', 'streamExecutionEvents', 'streamWorkflowEvents'].sort());
});

test('programs take it in as batchy/client', async () => {
  const script =
    "import { createClient } from 'batchy/client'; console.log(typeof createClient({ url: 'http://x' }).openBatch);";
  const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', script], { cwd: root });
  expect(stdout).toBe('function');
});

test('no source of the client is longer than a person reads', () => {
  for (const file of globSync('src/client/*.ts', { cwd: root }))
    expect(readFileSync(path.join(root, file), 'utf8').split('\n').length, file).toBeLessThan(350);
});

const options = { aliases: { 'string | null': 'Text' }, direction: 'answered' } as const;
test.each<[JsonSchema, string]>([
  [{ type: 'integer' }, 'number'],
  [{ enum: ["it's", 1, null] }, String.raw`'it\'s' | 1 | null`],
  [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'Text'],
  [{ type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'null' }] } }, '(Text)[]'],
  [{ type: 'object' }, 'Record<string, unknown>'],
  [{ type: 'object', additionalProperties: { type: 'number' } }, 'Record<string, number>'],
  [{ description: 'anything' }, 'unknown'],
])('%j is the type %s', (schema, text) => {
  expect(typeText(schema, options)).toBe(text);
});

test('properties are named, described and optional as their schema says', () => {
  const schema: JsonSchema = {
    type: 'object',
    required: ['a'],
    properties: { a: { type: 'string', description: 'ends */ here' }, 'b-c': { type: 'boolean' } },
  };
  expect(typeText(schema, options)).toBe("{\n/** ends *\\/ here */\na: string;\n'b-c'?: boolean;\n}");
  expect(typeText(schema, { ...options, direction: 'given' })).toContain("'b-c'?: boolean | undefined;");
});

test('a schema that says more than is understood is refused', () => {
  expect(() => typeText({ oneOf: [] } as JsonSchema, options)).toThrow(/no TypeScript type/);
  expect(() => typeText({ $ref: '#/components/schemas/Problem' } as JsonSchema, options)).toThrow(/no TypeScript type/);
});
