/** Thousands may fail, and every list of executions carries what is told of them. */
const mostTold = 20;

/** What has failed, in one sentence; of very many the first, and how many there are besides. */
export function joinedFailures(texts: readonly string[]): string {
  const more = texts.length > mostTold ? [`and ${texts.length - mostTold} more`] : [];
  return [...texts.slice(0, mostTold), ...more].join('; ');
}
