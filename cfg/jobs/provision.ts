import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';

import {
  alwaysRevertAll,
  defineFlow,
  linearFlow,
  type RevertContext,
  type StepContext,
  task,
  times,
  unorderedFlow,
} from 'batchy';

const parameters = {
  attempts: { type: 'integer', default: 3, description: 'How often the machine is tried in all' },
  size: { type: 'integer', default: 10, description: 'Of the volume, in KiB' },
  fails: {
    type: 'integer',
    default: 0,
    description: 'To see it revert: so many attempts fail. With as many as attempts all is undone.',
  },
} as const;

/** Where Batchy keeps its own data, too. */
const folder = path.resolve(process.env['BATCHY_DATA'] || 'data', 'samples', 'provision');

/** Each execution has its own, so that a task that is run once more after a crash finds what it has begun. */
function serverFolder({ execution }: StepContext): string {
  return path.join(folder, `server-${execution.id}`);
}

/** Stands for a machine in a cloud: a folder with three files. What one task makes, its revert takes away. */
export default defineFlow(
  'provision',
  ({ attempts, fails }) =>
    // Without a controller around it, a machine that was given up would leave its folder behind.
    linearFlow('server', { retry: alwaysRevertAll() }, [
      task('make_folder', {
        requires: [],
        provides: 'place',
        execute: async (_values, ctx) => {
          await mkdir(serverFolder(ctx), { recursive: true });
          return serverFolder(ctx);
        },
        // Where it failed, or was interrupted, there is no result.
        revert: ({ result }, ctx) => rm(result ?? serverFolder(ctx), { recursive: true, force: true }),
      }),
      linearFlow('machine', { retry: times(attempts) }, [
        unorderedFlow('parts', [
          task('create_volume', {
            requires: ['place', 'size'],
            provides: 'volume',
            execute: ({ place, size }) => fileIn(place, 'volume', Buffer.alloc(size * 1024)),
            revert: removeResult,
          }),
          task('create_key', {
            requires: ['place'],
            provides: 'key',
            execute: ({ place }) => fileIn(place, 'key', 'not very secret\n'),
            revert: removeResult,
          }),
        ]),
        task('attach', {
          requires: ['place', 'volume', 'key'],
          execute: ({ place, volume, key }) => fileIn(place, 'server.json', JSON.stringify({ volume, key })),
          revert: removeResult,
        }),
        // It has no revert: it changes nothing.
        task('check', {
          requires: [],
          execute: (_values, ctx) => {
            if (ctx.attempt <= fails) throw new Error(`the server does not answer in attempt ${ctx.attempt}`);
          },
        }),
      ]),
    ]),
  { description: 'Makes a server of a few files, and undoes that where it fails', parameters },
);

async function fileIn(place: string, name: string, text: string | Buffer): Promise<string> {
  const file = path.join(place, name);
  await writeFile(file, text);
  return file;
}

/** A file that was begun and not finished goes with its folder. */
async function removeResult({ succeeded, result }: RevertContext, ctx: StepContext): Promise<void> {
  if (!succeeded) return;
  await rm(result, { force: true });
  ctx.logger.info(`removed ${path.basename(result)}`);
}
