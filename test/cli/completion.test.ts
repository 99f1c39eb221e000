import { execa } from 'execa';
import { describe, expect, it } from 'vitest';

import { run } from './run.ts';

describe('completion', () => {
  /** What bash would offer for the words before the cursor. */
  async function completed(...words: string[]): Promise<string[]> {
    const { out } = await run('batchy', ['completion', 'bash']);
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const { stdout } = await execa('bash', [
      '-c',
      `${out}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _batchy; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ]);
    return stdout.split('\n');
  }

  it.each([
    [['batchy', 'op'], ['open']],
    [['batchy', 'la'], ['launch']],
    [
      ['batchy', 'post', 'provision', '--h'],
      ['--hierarchy', '--help'],
    ],
    [['batchy', 'show', '7', '--w'], ['--watch']],
    [
      ['batchy', 'executions', '--s'],
      ['--status', '--started-after', '--started-before', '--show'],
    ],
    [
      ['batchy', 'co'],
      ['coverage', 'config', 'conductors', 'completion'],
    ],
    [['batchy', 'open', 'wf1', '--if'], ['--if-open']],
    [
      ['batchy', 'keys', 'r'],
      ['rotate', 'revoke'],
    ],
    [['batchy', 'keys', 'rotate', 'bob', '--k'], ['--keep-hours']],
    [['batchy', 'serve', '--redis'], ['--redis-url']],
  ])('in bash completes %j', async (words, expected) => {
    expect(await completed(...words)).toEqual(expected);
  });

  it('in zsh uses the same words', async () => {
    const { out } = await run('batchy', ['completion', 'zsh']);
    expect(out).toMatch(/^autoload -U \+X bashcompinit && bashcompinit\n_batchy\(\) \{/);
  });

  it('in fish names commands with what they do, and options', async () => {
    const { out } = await run('batchy', ['completion', 'fish']);
    expect(out).toMatch(/^complete -c batchy -n '__fish_use_subcommand' -f -a open -d 'Open a batch: /m);
    expect(out).toContain(
      "complete -c batchy -n '__fish_seen_subcommand_from keys; and __fish_seen_subcommand_from rotate' -l keep-hours",
    );
    for (const line of out.split('\n')) expect(line.match(/'/g)?.length).toSatisfy((count: number) => count % 2 === 0);
  });

  it('refuses a shell that it does not know', async () => {
    expect((await run('batchy', ['completion', 'tcsh'])).exit).toBe(2);
  });
});
