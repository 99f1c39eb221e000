import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const sources = ['src', 'bin', 'scripts', 'test'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[jt]s$/.test(file))
    .map((file) => path.join(folder, file)),
);
const texts = new Map(sources.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));

/** Functions and constants: the types of an exported function's parameters may well be named nowhere else. */
const exported = /^export (?:async )?(?:function\*?|const|class) (\w+)/gm;

it('what a file exports, another one imports', () => {
  const unused = [...texts]
    .filter(([file]) => file.startsWith('src'))
    .flatMap(([file, text]) =>
      [...text.matchAll(exported)]
        .map(([, name = '']) => name)
        .filter((name) => ![...texts].some(([other, its]) => other !== file && new RegExp(`\\b${name}\\b`).test(its)))
        .map((name) => `${file}: ${name}`),
    );
  expect(texts.size).toBeGreaterThan(100);
  expect(unused).toEqual([]);
});

it('every library that the service needs is used by it', () => {
  const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const code = [...texts].filter(([file]) => file.startsWith('src')).map(([, text]) => text);
  const unused = Object.keys(dependencies).filter((name) => !code.some((text) => text.includes(`'${name}`)));
  expect(unused).toEqual([]);
});
