import { type Command, InvalidArgumentError, Option } from 'commander';

import { priorities, type Priority } from '../domain/priority.ts';
import type { ClientRequest } from './client.ts';

/** When, and before what else, something is to be begun. */
export interface UrgencyFlags {
  readonly priority?: Priority;
  readonly delay?: number;
}

export function priorityOption(whose: string): Option {
  return new Option(
    '--priority <priority>',
    `${whose}: what is begun before what in its queue (default: as the job says)`,
  ).choices(priorities);
}

export function addUrgencyOptions(command: Command): Command {
  return command
    .addOption(priorityOption('its priority'))
    .option('--delay <seconds>', 'begin it no earlier than so many seconds from now', seconds);
}

/** What the flags add to the query of a launch. */
export function urgencyQuery({ priority, delay }: UrgencyFlags): NonNullable<ClientRequest['query']> {
  return { priority, delay_seconds: delay };
}

function seconds(text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected seconds, for example 90 or 0.5.');
}
