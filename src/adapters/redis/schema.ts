import { BatchyError } from '../../domain/errors.ts';
import { quoteBriefly } from '../../domain/names.ts';
import type { RedisConnection } from './connection.ts';
import { keys, schemaVersion } from './keys.ts';

/** @throws BatchyError `newer-schema` when a later release wrote here, `store-unavailable` */
export async function checkSchema(connection: RedisConnection): Promise<void> {
  const found = await connection.call((redis) => redis.get(keys.schema));
  if (found !== null && Number(found) !== schemaVersion) throw newerSchema(found);
}

export function newerSchema(found: string): BatchyError {
  return new BatchyError(
    'newer-schema',
    `This Redis holds Batchy data of version ${quoteBriefly(found)}; this release knows version ${schemaVersion}. Nothing was changed; run the release that wrote it, or a later one.`,
  );
}
