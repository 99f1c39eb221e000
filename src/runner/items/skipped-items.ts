import { decodePlace, encodePlace } from '../../domain/chunk-place.ts';
import { memberOfId, replayableIndex, skippedPrefix } from '../../domain/document-index.ts';
import type { SkippedItem, StepExecution } from '../../domain/execution.ts';
import {
  documentKeys,
  type ReadDocument,
  skippedDocument,
  skippedKeyOfMember,
  type StateDocument,
  stepDocument,
} from '../../domain/execution-documents.ts';
import { decodeExecution, decodeInstance, decodeStep } from '../../domain/execution-text.ts';
import { decodeSkipped } from '../../domain/skipped-text.ts';
import { isJsonObject, type Json } from '../../domain/json.ts';
import { partOf, type Replay } from '../../domain/replay.ts';
import type { DocumentReader, StoredDocument } from '../../ports/document-reader.ts';
import type { ItemReader } from './item.ts';
import { givenItem } from './kept-item.ts';

/** A document of another execution that changes with a commit. */
export interface BesideChange {
  readonly before: ReadDocument;
  readonly after: StateDocument;
}

/** What a chunk of a replay has come to. */
export interface ReplayedChunk {
  /** How many items it has taken from the reader. */
  readonly asked: number;
  /** Items that failed again; `number` counts all that the step has asked its reader for. */
  readonly skipped: readonly Pick<SkippedItem, 'number' | 'phase' | 'output' | 'error'>[];
  /** Where the step stands after it. */
  readonly place: { readonly items: number; readonly writer: Json };
}

/** Where the writer of a replay goes on, and what the step is told. */
export interface ReplayTarget {
  readonly writer: Json;
  /** The range of a partitioned step's part. */
  readonly partition: Json;
}

/** The items that a replay is of. Used for one attempt after the other, never for two at a time. */
export interface SkippedItems {
  /** Items that are left, in their order. Its checkpoint is the last one given. */
  reader(): ItemReader<unknown>;
  /** To be asked before the writer is opened. @throws Error where the execution is gone */
  target(): Promise<ReplayTarget>;
  /**
   * What else is stored with the chunk: items that went through are marked as replayed, the others get their new error; and where the
   * writer stands in what the step had written, so that the next replay, or a restart, goes on behind it.
   */
  changesOf(chunk: ReplayedChunk, executionId: number): readonly BesideChange[];
  /** Once `changesOf` of the chunk is stored. */
  settle(chunk: ReplayedChunk): void;
}

interface Given {
  readonly item: SkippedItem;
  readonly before: ReadDocument;
}

const pageSize = 200;

export function createSkippedItems(documents: DocumentReader, replay: Replay): SkippedItems {
  /** Given to a chunk that is not stored yet. */
  let given: Given[] = [];
  let owner: Kept<StepExecution> | null = null;

  /** The step execution whose checkpoint says how far the target is written: the latest of the instance. */
  async function loadOwner(): Promise<{ readonly owner: Kept<StepExecution>; readonly partition: Json }> {
    const execution = await one(documents, documentKeys.execution(replay.executionId), decodeExecution);
    const instance =
      execution === null ? null : await one(documents, documentKeys.instance(execution.instanceId), decodeInstance);
    const stepNamed = async (name: string): Promise<Kept<StepExecution> | null> => {
      const latest = instance?.steps.get(name);
      if (latest === undefined) return null;
      const [stored] = await documents.get([documentKeys.step(latest.executionId, latest.stepExecutionId)]);
      return stored === null || stored === undefined ? null : keptStep(stored);
    };
    const found = await stepNamed(replay.stepName);
    if (found === null)
      throw new Error(`Execution ${replay.executionId} is gone, and with it where its step ${replay.stepName} stands.`);
    const { name, index } = partOf(replay.stepName);
    if (index === null) return { owner: found, partition: null };
    const plan = (await stepNamed(name))?.value.checkpoint ?? null;
    const ranges = isJsonObject(plan) ? plan['ranges'] : null;
    return { owner: found, partition: Array.isArray(ranges) ? ((ranges as readonly Json[])[index] ?? null) : null };
  }

  return {
    reader() {
      // A reader that an earlier attempt has left behind goes on into a list of its own.
      const list: Given[] = [];
      given = list;
      return new SkippedReader(documents, replay, (next) => list.push(next));
    },

    async target() {
      const loaded = await loadOwner();
      owner = loaded.owner;
      return { writer: decodePlace(owner.value.checkpoint).writer, partition: loaded.partition };
    },

    changesOf({ asked, skipped, place }, executionId) {
      if (asked === 0) return [];
      const first = place.items - asked + 1;
      const failed = new Map(skipped.map((each) => [each.number, each]));
      const changes = given.slice(0, asked).map(({ item, before }, index): BesideChange => {
        const again = failed.get(first + index);
        const after: SkippedItem =
          again === undefined
            ? { ...item, replayedBy: executionId }
            : { ...item, phase: again.phase, output: again.output, error: again.error, triedBy: executionId };
        return { before, after: skippedDocument(after, replay.stepExecutionId) };
      });
      const moved = owner === null ? null : movedOwner(owner, place.writer);
      return moved === null ? changes : [...changes, moved];
    },

    settle({ asked, place }) {
      given.splice(0, asked);
      const moved = owner === null || asked === 0 ? null : movedOwner(owner, place.writer);
      if (owner !== null && moved !== null)
        owner = keptStep({ text: moved.after.text, revision: owner.before.revision + 1 });
    },
  };
}

interface Kept<T> {
  readonly value: T;
  readonly before: ReadDocument;
}

/** `null` for writers that keep no place in their target. */
function movedOwner({ value, before }: Kept<StepExecution>, writer: Json): BesideChange | null {
  if (writer === null) return null;
  const checkpoint = encodePlace({ ...decodePlace(value.checkpoint), writer });
  return { before, after: stepDocument({ ...value, checkpoint }) };
}

function keptStep({ text, revision }: StoredDocument): Kept<StepExecution> {
  const value = decodeStep(text);
  return { value, before: { revision, members: stepDocument(value).members } };
}

async function one<T>(
  documents: DocumentReader,
  key: Parameters<DocumentReader['get']>[0][number],
  decode: (text: string) => T,
): Promise<T | null> {
  const [found] = await documents.get([key]);
  return found === null || found === undefined ? null : decode(found.text);
}

class SkippedReader implements ItemReader<unknown> {
  readonly #documents: DocumentReader;
  readonly #replay: Replay;
  readonly #give: (given: Given) => void;
  #page: Given[] = [];
  /** The member behind which the next page begins; those of a page are not all given yet. */
  #beyond: string | null = null;
  #last: number | null = null;

  constructor(documents: DocumentReader, replay: Replay, give: (given: Given) => void) {
    this.#documents = documents;
    this.#replay = replay;
    this.#give = give;
  }

  async open(checkpoint: Json): Promise<void> {
    if (checkpoint !== null && typeof checkpoint !== 'number')
      throw new Error('The checkpoint was not made by a replay of items that were left out.');
    this.#last = checkpoint;
    this.#beyond =
      checkpoint === null ? null : `${skippedPrefix(this.#replay.stepExecutionId)}${memberOfId(checkpoint)}`;
  }

  async read(): Promise<unknown> {
    if (this.#page.length === 0 && !(await this.#readPage())) return null;
    const next = this.#page.shift() as Given;
    this.#give(next);
    this.#last = next.item.number;
    return givenItem(next.item);
  }

  async #readPage(): Promise<boolean> {
    const { executionId, stepExecutionId } = this.#replay;
    for (;;) {
      const members = await this.#documents.scan({
        index: replayableIndex(executionId),
        prefix: skippedPrefix(stepExecutionId),
        direction: 'ascending',
        beyond: this.#beyond,
        limit: pageSize,
      });
      if (members.length === 0) return false;
      this.#beyond = members.at(-1) ?? null;
      const found = await this.#documents.get(members.map((member) => skippedKeyOfMember(executionId, member)));
      // One that was forgotten in this very moment is left out.
      for (const document of found) if (document !== null) this.#page.push(givenOf(document, stepExecutionId));
      if (this.#page.length > 0) return true;
    }
  }

  /** The number of the last item given: items behind it are left, whatever became of those before. */
  checkpoint(): Json {
    return this.#last;
  }

  async close(): Promise<void> {}
}

function givenOf({ text, revision }: StoredDocument, stepExecutionId: number): Given {
  const item = decodeSkipped(text);
  return { item, before: { revision, members: skippedDocument(item, stepExecutionId).members } };
}
