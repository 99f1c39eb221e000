import { createMemoryStores } from '../../src/adapters/memory/stores.ts';
import { acceptance } from './batch-state.ts';
import { conductorAcceptance } from './conductors.ts';
import { jobAcceptance } from './jobs.ts';
import { replayAcceptance } from './replays.ts';
import { retentionAcceptance } from './retention.ts';

acceptance('memory', undefined);
jobAcceptance('memory', (clock) => createMemoryStores({ clock }));
replayAcceptance('memory', (clock) => createMemoryStores({ clock }));
retentionAcceptance('memory', (clock) => createMemoryStores({ clock }));
conductorAcceptance('memory', (clock) => createMemoryStores({ clock }));
