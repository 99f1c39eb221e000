import { Worker } from 'batchy';

export class Load extends Worker {
  run(): void {
    const day = this.context.get('run_date_str') as string;
    const rows = ['orders', 'prices'].flatMap((name) => this.context.get(`rows of ${name}`) as string[]);
    if (rows.some((row) => !row.endsWith(`of ${day}`))) throw new Error(`Not all rows are of ${day}.`);
    this.context.set('rows', rows);
  }
}

export class Write extends Worker {
  run(): void {
    const rows = this.context.get('rows') as string[];
    for (const row of rows) this.logger.info(row);
    this.context.set('written', rows.length);
  }
}
