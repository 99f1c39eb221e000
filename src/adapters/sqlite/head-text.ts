/** A head as a list of `[job, text]`: in an object a job named "1" would come first. */
export function encodeHeadFields(head: ReadonlyMap<string, string>): string {
  return JSON.stringify([...head]);
}

export function decodeHeadFields(text: string): ReadonlyMap<string, string> {
  return new Map(JSON.parse(text) as [string, string][]);
}
