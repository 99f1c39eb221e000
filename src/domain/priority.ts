/** What waits is begun in this order; of one priority, what was launched first. */
export const priorities = ['very_high', 'high', 'normal', 'low', 'very_low'] as const;
export type Priority = (typeof priorities)[number];

export const defaultPriority: Priority = 'normal';

/** 1 to 5, the first to be begun first. */
export function rankOf(priority: Priority): number {
  return priorities.indexOf(priority) + 1;
}
