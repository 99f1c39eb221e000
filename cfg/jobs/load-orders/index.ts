import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';

import { chunkStep, csvReader, csvWriter, defineJob, sqlWriter, step, type StepContext } from 'batchy';

import { ordersBetween } from './orders.ts';

const parameters = {
  fail_at: {
    type: 'integer',
    identifying: false,
    description: 'To see a restart: loading fails at the row of this number. Launch again without it.',
  },
} as const;

/** Where Batchy keeps its own data, too. */
const folder = path.resolve(process.env['BATCHY_DATA'] || 'data', 'samples');
const database = path.join(folder, 'orders.db');

/** One for each window: the step that loads it reads the very file that was written for it. */
function landingFile({ parameters: { from_date: fromDate } }: StepContext): string {
  return path.join(folder, `orders-${String(fromDate).replaceAll(/\D/g, '').slice(0, 14)}.csv`);
}

/** A real one: a day of orders from a CSV file into a table, bound to a workflow that says which day. */
export default defineJob({
  name: 'LoadOrders',
  description: 'Loads the orders of the window, some 100,000 rows of CSV, into SQLite',
  workflow: 'orders',
  jobs: ['extract_orders'],
  parameters,
  steps: [
    step('Prepare', async (ctx) => {
      await mkdir(folder, { recursive: true });
      const target = new DatabaseSync(database);
      target.exec(
        `create table if not exists orders (id integer primary key, ordered_at text not null, customer text not null,
           product text not null, qty integer not null, price real not null, total real not null) strict`,
      );
      target.close();
      ctx.logger.info(`the orders of ${ctx.parameters['from_date']} to ${ctx.parameters['to_date']} go to ${database}`);
    }),
    // Stands for the download from the shop.
    chunkStep('Extract', {
      reader: (ctx) => ordersBetween(String(ctx.parameters['from_date']), String(ctx.parameters['to_date'])),
      writer: csvWriter(landingFile),
      chunkSize: 10_000,
    }),
    chunkStep('Load', {
      reader: csvReader(landingFile),
      processor: (row, ctx) => {
        const id = Number(row['id']);
        const number = (id % 100_000) + 1;
        if (number === ctx.parameters['fail_at'])
          throw new Error(`row ${number} cannot be loaded, as fail_at asked for`);
        if (row['cancelled'] === 'yes') return null;
        const { cancelled: _cancelled, ...kept } = row;
        const [qty, price] = [Number(row['qty']), Number(row['price'])];
        return { ...kept, id, qty, price, total: Math.round(qty * price * 100) / 100 };
      },
      writer: sqlWriter({ connection: `sqlite:${database}`, table: 'orders', key: ['id'] }),
      chunkSize: 1000,
    }),
    step('Count', (ctx) => {
      const target = new DatabaseSync(database, { readOnly: true });
      const found = target.prepare('select count(*) as orders, round(sum(total), 2) as total from orders').get();
      target.close();
      ctx.logger.info(`the table holds ${String(found?.['orders'])} orders worth ${String(found?.['total'])} €`);
    }),
  ],
});
