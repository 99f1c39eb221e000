import { createMemoryStores } from '../../../src/adapters/memory/stores.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import { storeContract } from '../../contract/store-contract.ts';

storeContract('memory', () =>
  Promise.resolve({
    open: ({ clock = systemClock } = {}) => createMemoryStores({ clock }),
    shared: false,
    remove: () => Promise.resolve(),
  }),
);
