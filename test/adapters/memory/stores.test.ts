import { createMemoryStores } from '../../../src/adapters/memory/stores.ts';
import { storeContract } from '../../contract/store-contract.ts';

storeContract('memory', () =>
  Promise.resolve({ open: createMemoryStores, shared: false, remove: () => Promise.resolve() }),
);
