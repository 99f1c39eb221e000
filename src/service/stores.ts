/** What the outer layers hold of a store: they hand it to the services, and never look through a port themselves. */
export type { Stores } from '../ports/stores.ts';
