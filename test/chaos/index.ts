import { bringRedis } from '../servers/bring-redis.ts';
import { createChance } from './chance.ts';
import { type ChaosOptions, readOptions, usage } from './options.ts';
import { runScenario, type Verdict } from './run-scenario.ts';
import { scenarios } from './scenarios/index.ts';

/** `npm run chaos`: what the promises are worth when machines die. */
async function chaos({ only, seed, rounds, minutes, isShort, keeps }: ChaosOptions): Promise<boolean> {
  await bringRedis();
  console.log(`seed ${seed}`);
  const verdicts: Verdict[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const scenario of only) {
      console.log(
        `\n${scenario.name}: ${scenario.about}${rounds > 1 ? `, round ${round + 1}, seed ${seed + round}` : ''}`,
      );
      const chance = createChance(seed + round).of(scenario.name);
      const say = (text: string): void => console.log(text);
      const verdict = await runScenario(scenario, { chance, say, keeps, extent: { isShort, minutes } });
      verdicts.push(verdict);
      tell(verdict);
    }
  }
  const wrong = verdicts.filter(({ broken }) => broken.length > 0);
  console.log(`\n${verdicts.length} scenarios, ${wrong.length} with violations`);
  return wrong.length === 0;
}

function tell({ figures, broken }: Verdict): void {
  for (const { what, value, reach } of figures)
    console.log(`  ${what}: ${value}${reach === undefined ? '' : ` (to reach: ${reach})`}`);
  console.log(broken.length === 0 ? '  0 violations' : `  ${broken.length} VIOLATIONS`);
  for (const what of broken) console.log(`    ${what}`);
}

try {
  const options = readOptions(process.argv.slice(2), () => Math.floor(Math.random() * 1e9));
  if (options === null) console.log(usage);
  else if (options.lists) for (const { name, about } of scenarios) console.log(`${name.padEnd(12)}${about}`);
  else process.exitCode = (await chaos(options)) ? 0 : 1;
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
