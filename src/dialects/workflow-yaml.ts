import { BatchyError } from '../domain/errors.ts';
import type { Json } from '../domain/json.ts';
import { jobNameProblem, quoteBriefly } from '../domain/names.ts';
import { readParameterFileOptions } from '../domain/parameter-file.ts';
import { parseYamlDocument } from './yaml-document.ts';
import { jsonOfYaml, type YamlEntry, type YamlNode } from './yaml-node.ts';
import { type YamlSource, yamlProblem } from './yaml-source.ts';

/** A workflow's file: its jobs and their parameters, in the file's order, and the `_infa` setting beside them. */
export interface WorkflowYaml {
  readonly jobs: ReadonlyMap<string, ReadonlyMap<string, Json>>;
  readonly infa: Json | null;
}

/** The one key beside the jobs that is no job: how the workflow's Informatica parameter file is written. */
const infaKey = '_infa';

/**
 * Reads `cfg/<workflow>.yaml`: a map of jobs, each a map of parameters (or empty). Whether the special parameters among them
 * make sense is the domain's to say.
 * @param fileName how messages call the file
 * @throws BatchyError `invalid-configuration`, its detail naming file, line and column, its places `line:column`
 */
export function parseWorkflowYaml(text: string, fileName: string): WorkflowYaml {
  const source: YamlSource = { text, fileName };
  const root = parseYamlDocument(source);
  if (root.kind !== 'map') {
    const found = root.kind === 'list' ? 'a list' : describeScalar(root.value);
    throw yamlProblem(source, root.at, `the file holds ${found}; it should map each job's name to its parameters`);
  }
  const jobs = new Map<string, ReadonlyMap<string, Json>>();
  for (const [name, entry] of root.entries) {
    if (name !== infaKey) jobs.set(name, readJob(source, name, entry));
  }
  if (jobs.size === 0) throw yamlProblem(source, root.at, 'the file names no job');
  const infa = root.entries.get(infaKey);
  return { jobs, infa: infa === undefined ? null : readInfa(source, infa, jobs) };
}

function readJob(source: YamlSource, name: string, entry: YamlEntry): ReadonlyMap<string, Json> {
  const problem = jobNameProblem(name);
  if (problem !== null) throw yamlProblem(source, entry.keyAt, `${quoteBriefly(name)} is no job: ${problem}`);
  const { node } = entry;
  if (node.kind === 'map')
    return new Map([...node.entries].map(([parameter, { node: value }]) => [parameter, jsonOfYaml(value)]));
  // A job without parameters is written `job1:`, which YAML reads as null.
  if (node.kind === 'scalar' && node.value === null) return new Map();
  throw yamlProblem(source, placeOf(entry, node), `the job ${quoteBriefly(name)} should hold a map of parameters`);
}

/** The setting as it stands, checked here so that a mistake in it is told with its line. */
function readInfa(source: YamlSource, entry: YamlEntry, jobs: ReadonlyMap<string, unknown>): Json {
  const infa = jsonOfYaml(entry.node);
  try {
    const { headings = {} } = readParameterFileOptions(infa);
    const stranger = Object.keys(headings).find((job) => !jobs.has(job));
    if (stranger !== undefined)
      throw new BatchyError(
        'invalid-configuration',
        `_infa.headings names ${quoteBriefly(stranger)}, which is no job of this file`,
      );
  } catch (error) {
    if (!(error instanceof BatchyError)) throw error;
    throw yamlProblem(source, entry.keyAt, error.detail.replace(/\.$/, ''), error);
  }
  return infa;
}

/** A shared (aliased) value has its place elsewhere; the key is where the mistake was made. */
function placeOf(entry: YamlEntry, node: YamlNode): number {
  return node.at > entry.keyAt ? node.at : entry.keyAt;
}

function describeScalar(value: Json): string {
  return value === null ? 'nothing' : 'a single value';
}
