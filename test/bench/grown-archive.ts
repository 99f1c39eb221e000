import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import type { ArchivedItem } from '../../src/ports/upkeep.ts';
import { copySamples, driveService } from './driven-service.ts';

type Item<Kind> = Extract<ArchivedItem, { kind: Kind }>;

/** What one workflow with one ended batch leaves in a store: the pattern of which any history is made. */
interface Pattern {
  readonly workflow: Item<'workflow'>;
  readonly record: Item<'record'>;
  readonly entries: readonly Item<'journal'>[];
}

/** The workflow that has the history. */
export const grownWorkflow = 'wf1';

/**
 * A store's whole content: `wf1` with so many ended batches, and other workflows up to the given count with one each. It is
 * made of what the service itself wrote, since hundreds of thousands of commits would take too long.
 */
export async function* grownArchive(folder: string, batches: number, workflows: number): AsyncIterable<ArchivedItem> {
  const pattern = await drawPattern(folder);
  let sequence = 0;
  for (let index = 0; index < workflows; index += 1) {
    const name = index === 0 ? grownWorkflow : `other${String(index).padStart(5, '0')}`;
    const count = index === 0 ? batches : 1;
    const item = renamed(pattern, name);
    yield item.workflow;
    // The pattern's batch stays the last one, to which head and ledger belong.
    for (let age = count - 1; age >= 0; age -= 1) yield withNumber(item.record, Number(item.record.id) - age);
    for (let age = count - 1; age >= 0; age -= 1)
      for (const { entry } of item.entries) {
        sequence += 1;
        const number = Number(item.record.id) - age;
        yield { kind: 'journal', sequence, entry: entry.replaceAll(item.record.id, String(number)) };
      }
  }
}

async function drawPattern(folder: string): Promise<Pattern> {
  const stores = await createMemoryStores({ clock: systemClock });
  const service = driveService(stores, await copySamples(folder, [grownWorkflow]));
  for (const step of [service.load, service.open, service.close]) await step(grownWorkflow);
  const items: ArchivedItem[] = [];
  for await (const item of stores.upkeep.exportAll()) items.push(item);
  await stores.upkeep.close();
  const workflow = items.find((item) => item.kind === 'workflow');
  const record = items.find((item) => item.kind === 'record' && !item.id.endsWith('-init'));
  if (workflow?.kind !== 'workflow' || record?.kind !== 'record') throw new Error('the service left no batch');
  return { workflow, record, entries: items.filter((item) => item.kind === 'journal').slice(-2) };
}

function renamed({ workflow, record, entries }: Pattern, name: string): Pattern {
  const from = `"workflow":"${grownWorkflow}"`;
  const to = `"workflow":"${name}"`;
  return {
    workflow: { ...workflow, name },
    record: { ...record, workflow: name },
    entries: entries.map((item) => ({ ...item, entry: item.entry.replace(from, to) })),
  };
}

function withNumber(record: Item<'record'>, number: number): Item<'record'> {
  const id = String(number);
  const renumbered = (text: string): string => text.replaceAll(record.id, id);
  const copy = Object.entries(record.copy ?? {}).map(([job, text]) => [job, renumbered(text)]);
  return {
    ...record,
    id,
    opening: renumbered(record.opening),
    copy: Object.fromEntries(copy) as Record<string, string>,
  };
}
