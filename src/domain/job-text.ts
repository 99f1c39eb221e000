import type { JobDefinition, ParameterDefinition } from './job.ts';
import { type Json, parseJson, stringifyJson } from './json.ts';

/**
 * A definition as JSON text, for another process: between processes only what can be cloned may travel, and the exact numbers of
 * defaults (`1.0`) cannot.
 */
export function jobDefinitionText(definition: JobDefinition): string {
  return stringifyJson({ ...definition, parameters: [...definition.parameters] } as unknown as Json);
}

/** @param text of `jobDefinitionText`, by a process of the same version */
export function readJobDefinition(text: string): JobDefinition {
  const { parameters, ...others } = parseJson(text) as unknown as Omit<JobDefinition, 'parameters'> & {
    readonly parameters: readonly [string, ParameterDefinition][];
  };
  return { ...others, parameters: new Map(parameters) };
}
