import { expect, it } from 'vitest';

import { defineJob, step } from '../../src/authoring/index.ts';
import { requiredCapabilities } from '../../src/domain/capability.ts';

const nothing = (): void => {};

it('requires of whoever runs an execution what the job and its steps need, but not what distributed steps do', () => {
  const { definition } = defineJob({
    name: 'Film',
    capabilities: ['disk'],
    steps: [
      step('Cut', nothing, { capabilities: ['tape', 'disk'] }),
      step('Render', nothing, { capabilities: ['gpu'], distributed: true }),
      step('Show', nothing, { distributed: false, capabilities: ['screen'] }),
    ],
  });
  expect(definition.steps.map(({ distributed }) => distributed)).toEqual([undefined, true, undefined]);
  expect(requiredCapabilities(definition)).toEqual(['disk', 'tape', 'screen']);
});

it('refuses a step whose distributed is neither true nor false', () => {
  expect(() =>
    defineJob({ name: 'Film', steps: [step('Render', nothing, { distributed: 'yes' as unknown as boolean })] }),
  ).toThrow(/true or false/);
});
