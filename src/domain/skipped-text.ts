import { keptTypes, type SkippedItem, type TypedPlace } from './execution.ts';
import { type Json, type JsonObject, stringifyJson } from './json.ts';
import { parseStoredObject, type StoredFields, storedFields } from './stored-fields.ts';

/** How skipped items are stored and answered, by the rules of `execution-text.ts`. */

/** Without what only a replay needs. The payload may hold secrets: whoever answers it masks them. */
export function skippedFields(skipped: SkippedItem): JsonObject {
  return {
    job_execution_id: skipped.executionId,
    step_name: skipped.stepName,
    number: skipped.number,
    phase: skipped.phase,
    item: skipped.item,
    output: skipped.output,
    position: skipped.position,
    error: skipped.error,
    obstacle: skipped.obstacle,
    tried_by: skipped.triedBy,
    replayed_by: skipped.replayedBy,
  };
}

export function encodeSkipped(skipped: SkippedItem): string {
  const types = skipped.types.map(({ path, type }): Json => ({ path, type }));
  return stringifyJson({ ...skippedFields(skipped), ...(types.length === 0 ? {} : { types }) });
}

export function decodeSkipped(text: string): SkippedItem {
  const fields = storedFields(parseStoredObject(text, 'a skipped item'), 'a skipped item');
  return {
    executionId: fields.count('job_execution_id'),
    stepName: fields.text('step_name'),
    number: fields.count('number'),
    phase: fields.oneOf('phase', ['read', 'process', 'write'] as const),
    item: fields.json('item'),
    position: fields.textOrNull('position'),
    error: fields.text('error'),
    ...(fields.has('obstacle') ? replayFields(fields) : beforeReplays),
  };
}

type ReplayFields = Pick<SkippedItem, 'types' | 'output' | 'obstacle' | 'triedBy' | 'replayedBy'>;

function replayFields(fields: StoredFields): ReplayFields {
  return {
    types: fields.has('types') ? fields.objects('types').map(readTypedPlace) : [],
    output: fields.json('output'),
    obstacle: fields.textOrNull('obstacle'),
    triedBy: fields.countOrNull('tried_by'),
    replayedBy: fields.countOrNull('replayed_by'),
  };
}

function readTypedPlace(fields: StoredFields): TypedPlace {
  return { path: fields.path('path'), type: fields.oneOf('type', keptTypes) };
}

/** Of items that were kept for people only. */
const beforeReplays: ReplayFields = {
  types: [],
  output: null,
  obstacle: 'it was kept by a version of Batchy that kept items for people to look at only',
  triedBy: null,
  replayedBy: null,
};
