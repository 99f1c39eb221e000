import { quoteBriefly } from '../../domain/names.ts';
import { renderTemplate, templateValues } from '../../domain/template.ts';
import { PlainFailure } from '../error-text.ts';
import type { ShellBody } from '../step-body.ts';
import type { StepContext } from '../step-context.ts';
import { endText, programEnvironment, runProgram } from './process-group.ts';
import type { StepRun } from './step-run.ts';

/** Parameters and context values as variables of a shell's text: with a prefix, so that none can pass for `PATH`. */
const variablePrefix = 'PARAM_';

/**
 * Runs a program to its end; what it writes goes to the step's log. Aborted, or done, its whole group is ended.
 * @throws Error for an exit code other than 0, a signal, or a program that cannot be started; the signal's reason when aborted
 */
export async function runShell(body: ShellBody, run: StepRun): Promise<void> {
  const { ctx } = run;
  const command = commandOf(body, ctx);
  const environment = programEnvironment(
    run,
    { ...body.environment, ...(body.shell ? variables(ctx) : {}) },
    body.passEnvironment,
  );
  const ended = await runProgram({ command, environment, workingDirectory: body.workingDirectory }, run);
  if (ended.code !== 0)
    throw new PlainFailure(`${quoteBriefly(command[0] ?? '')} ${endText(ended)}; its output is in the step’s log`);
}

function commandOf({ argv, shell }: ShellBody, ctx: StepContext): string[] {
  // What a shell would read as its language never comes from a parameter.
  if (shell) return ['/bin/sh', '-c', argv.join(' ')];
  const valueOf = templateValues(ctx);
  return argv.map((argument) => renderTemplate(argument, valueOf));
}

function variables(ctx: StepContext): Record<string, string> {
  // Parameters win over context values, as in `{{name}}`.
  const names = new Set([...ctx.context.entries().map(([key]) => key), ...Object.keys(ctx.parameters)]);
  const valueOf = templateValues(ctx);
  return Object.fromEntries(
    [...names].map((name) => [
      `${variablePrefix}${name.replaceAll(/[^A-Za-z0-9_]/g, '_')}`,
      valueOf(name) === null ? '' : renderTemplate(`{{name}}`, () => valueOf(name)),
    ]),
  );
}
