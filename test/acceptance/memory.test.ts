import { acceptance } from './batch-state.ts';

acceptance('memory', undefined);
