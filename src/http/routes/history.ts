import type { Static } from 'typebox';

import type { JournalEntry } from '../../domain/change.ts';
import type { RecordFilter } from '../../service/history.ts';
import { decodeCursor, foreignCursor, linkNext } from '../cursor.ts';
import { type Chunk, linesAtOnce, sendLines, wantsLines } from '../line-stream.ts';
import { readInstant } from '../query.ts';
import { NoQuery, problemResponses, WorkflowParams } from '../schemas/vocabulary.ts';
import * as schemas from '../schemas/history.ts';
import type { BatchyServer, HttpServices } from '../server.ts';
import { coverageFields, journaledFields, recordFields, recordWithParameters } from '../wire.ts';

const defaultLimit = 50;
const defaultWindows = 500;

type RecordCursor = NonNullable<RecordFilter['before']>;

/** What has been: batches, the coverage they make, the journal. */
export function addHistoryRoutes(server: BatchyServer, { history }: HttpServices): void {
  const readable = ['invalid-name', 'unknown-workflow', 'foreign-data'] as const;

  server.get(
    '/workflows/:wf/batches',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['history'],
        summary: 'The batches of a workflow, newest first',
        params: WorkflowParams,
        querystring: schemas.BatchesQuery,
        response: { 200: schemas.BatchesAnswer, ...problemResponses(...readable) },
      },
    },
    async (request, reply) => {
      const { wf } = request.params as Static<typeof WorkflowParams>;
      const query = request.query as Static<typeof schemas.BatchesQuery>;
      const filter: RecordFilter = {
        before: query.cursor === undefined ? null : readRecordCursor(query.cursor),
        limit: query.limit ?? defaultLimit,
        kinds: query.kind === undefined ? [] : [query.kind],
        status: query.status ?? null,
        job: query.job ?? null,
        openedAfter: query.opened_after === undefined ? null : readInstant('/opened_after', query.opened_after),
        openedBefore: query.opened_before === undefined ? null : readInstant('/opened_before', query.opened_before),
      };
      const chunk = async (before: RecordCursor | null): Promise<Chunk> => {
        const { records, next } = await history.records(wf, { ...filter, before, limit: linesAtOnce });
        return { items: records.map(recordFields), next: next === null ? null : () => chunk(next) };
      };
      if (wantsLines(request)) return sendLines(reply, await chunk(filter.before));
      const { records, next } = await history.records(wf, filter);
      if (next !== null) linkNext(request, reply, { number: next.number, id: next.id });
      return reply.send(records.map(recordFields));
    },
  );

  server.get(
    '/workflows/:wf/batches/:batch_id',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['history'],
        summary: 'One batch, with the parameters that its jobs had',
        params: schemas.BatchParams,
        querystring: NoQuery,
        response: { 200: schemas.BatchAnswer, ...problemResponses(...readable, 'unknown-batch') },
      },
    },
    async (request, reply) => {
      const { wf, batch_id: id } = request.params as Static<typeof schemas.BatchParams>;
      const { record, copy } = await history.record(wf, id);
      return reply.send(recordWithParameters(record, copy));
    },
  );

  server.get(
    '/workflows/:wf/coverage',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['history'],
        summary: 'Which windows succeeded, by which batch; gaps and overlaps',
        params: WorkflowParams,
        querystring: schemas.CoverageQuery,
        response: { 200: schemas.CoverageAnswer, ...problemResponses(...readable, 'unknown-job') },
      },
    },
    async (request, reply) => {
      const { wf } = request.params as Static<typeof WorkflowParams>;
      const { job = null, from, to, limit = defaultWindows } = request.query as Static<typeof schemas.CoverageQuery>;
      const options = {
        job,
        from: from === undefined ? null : readInstant('/from', from),
        until: to === undefined ? null : readInstant('/to', to),
        limit,
      };
      return reply.send(coverageFields(wf, await history.coverage(wf, options)));
    },
  );

  server.get(
    '/workflows/:wf/journal',
    {
      config: { scope: 'read' },
      schema: {
        tags: ['history'],
        summary: 'What happened to a workflow: when, who, why, and the windows before and after',
        params: WorkflowParams,
        querystring: schemas.JournalQuery,
        response: { 200: schemas.JournalAnswer, ...problemResponses(...readable) },
      },
    },
    async (request, reply) => {
      const { wf } = request.params as Static<typeof WorkflowParams>;
      const { limit = defaultLimit, cursor } = request.query as Static<typeof schemas.JournalQuery>;
      const newestFirst = async (beyond: number | null, most: number): Promise<JournalPart> => {
        // One more than is shown, to know whether there is a next page.
        const found = await history.journal({ workflow: wf, direction: 'descending', beyond, limit: most + 1 });
        const entries = found.slice(0, most);
        return { entries, next: found.length > most ? (entries.at(-1)?.sequence ?? null) : null };
      };
      const chunk = async (beyond: number | null): Promise<Chunk> => {
        const { entries, next } = await newestFirst(beyond, linesAtOnce);
        return { items: entries.map(journaledFields), next: next === null ? null : () => chunk(next) };
      };
      const beyond = cursor === undefined ? null : readJournalCursor(cursor);
      if (wantsLines(request)) return sendLines(reply, await chunk(beyond));
      const { entries, next } = await newestFirst(beyond, limit);
      if (next !== null) linkNext(request, reply, { sequence: next });
      return reply.send(entries.map(journaledFields));
    },
  );
}

interface JournalPart {
  readonly entries: readonly { readonly sequence: number; readonly entry: JournalEntry }[];
  readonly next: number | null;
}

function readRecordCursor(text: string): RecordCursor {
  const { number, id } = decodeCursor(text);
  if (!Number.isSafeInteger(number) || typeof id !== 'string') throw foreignCursor();
  return { number: number as number, id };
}

function readJournalCursor(text: string): number {
  const { sequence } = decodeCursor(text);
  if (!Number.isSafeInteger(sequence)) throw foreignCursor();
  return sequence as number;
}
