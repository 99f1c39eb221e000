import path from 'node:path';

import { plantedBugs } from '../test/chaos/planted/bugs/index.ts';
import { markdownTable } from './marked-region.ts';

/** Every bug that `npm run plant` plants, with what it breaks and the check that sees it. */
export function listPlantedBugs(): string {
  return markdownTable(
    ['Planted bug', 'Breaks', 'In', 'Caught by'],
    plantedBugs.map(({ id, bug, breaks, file, caughtBy, scenario }) => [
      `\`${id}\`: ${bug}`,
      breaks,
      `[${path.basename(file)}](../${file})`,
      `${linkTo(caughtBy.file)}${caughtBy.name === undefined ? '' : `, “${caughtBy.name} …”`}${scenario === undefined ? '' : `; chaos \`${scenario}\``}`,
    ]),
  );
}

function linkTo(test: string): string {
  return `[${path.basename(test, '.test.ts')}](../${test})`;
}
