import { Worker } from 'batchy';

/** What the lists of the bench run. */
export class Nothing extends Worker {
  run(): void {}
}
