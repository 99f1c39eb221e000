import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { projectFolder } from './load.ts';

/** The version that package.json names: of this process, whatever lies in its folder since. */
export const version = (JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as { version: string })
  .version;
