import { registerHooks } from 'node:module';

/** What job files import, by the name that they import it by. */
const entries: ReadonlyMap<string, string> = new Map([
  ['batchy', new URL('../authoring/index.ts', import.meta.url).href],
  ['batchy/client', new URL('../client/index.ts', import.meta.url).href],
]);

/**
 * Makes `import … from 'batchy'` give this very project wherever the importing file lies: a mounted folder of jobs has no
 * `node_modules` beside it, and a copy of its own would not be the one that runs. For the whole process, from now on.
 */
export function provideAuthoringImport(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const url = entries.get(specifier);
      return url === undefined ? nextResolve(specifier, context) : { url, shortCircuit: true };
    },
  });
}
