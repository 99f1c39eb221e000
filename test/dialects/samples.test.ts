import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseWorkflowYaml } from '../../src/dialects/workflow-yaml.ts';
import { stringifyJson } from '../../src/domain/json.ts';
import { lintParameterFile } from '../../src/domain/parameter-file-lint.ts';
import {
  parameterFileProfiles,
  readParameterFileOptions,
  renderParameterFile,
} from '../../src/domain/parameter-file.ts';
import { readSpecialParameters } from '../../src/domain/special-parameters.ts';

const folder = fileURLToPath(new URL('../../cfg/', import.meta.url));
const samples = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

function readSample(file: string): ReturnType<typeof parseWorkflowYaml> {
  return parseWorkflowYaml(readFileSync(`${folder}${file}`, 'utf8'), file);
}

describe.each(samples)('the sample %s', (file) => {
  it('has special parameters that can be read', () => {
    for (const parameters of readSample(file).jobs.values())
      expect(readSpecialParameters(parameters)).not.toHaveProperty('problems');
  });

  it('can be written as a parameter file in the profile that it names, and the others that fit', () => {
    const { jobs, infa } = readSample(file);
    expect(renderParameterFile(jobs, readParameterFileOptions(infa)).length).toBeGreaterThan(0);
    for (const profile of parameterFileProfiles)
      expect(renderParameterFile(jobs, readParameterFileOptions(infa, profile))).toContain('$$');
    for (const profile of ['powercenter', 'iics'])
      expect(lintParameterFile(renderParameterFile(jobs, readParameterFileOptions(infa, profile)))).toEqual([]);
  });
});

describe('what the samples say', () => {
  it('wf1 keeps the order and the types of the file', () => {
    const { jobs, infa } = readSample('wf1.yaml');
    expect(infa).toBeNull();
    expect([...jobs.keys()]).toEqual(['job1', 'job2', 'job3']);
    expect([...(jobs.get('job1') ?? [])]).toEqual([
      ['source_table', 'CUSTOMER'],
      ['full_refresh', false],
    ]);
    expect(jobs.get('job2')?.get('from_date')).toBe('2026-01-01T00:00:00');
  });

  it('orders merges the shared window and overrides it', () => {
    const lines = readSample('orders.yaml').jobs.get('extract_order_lines');
    expect(lines?.get('emit_to_date')).toBe(true);
    expect(lines?.get('reprocess_hours')).toBe(1.5);
    expect(stringifyJson(lines?.get('tolerance') ?? null)).toBe('1.0');
  });
});
