/** A circle: each node comes before the next, and the first after the last. */
export interface Cycle {
  /** From the first node on, at most as many as were asked for. */
  readonly nodes: readonly number[];
  readonly length: number;
  /** The edge that closes it: from its last node to its first. */
  readonly from: number;
  readonly to: number;
}

/**
 * Finds the circles of a graph: at least one wherever there are some, and one at most for each node that it leads back to.
 * @param followers by node, the nodes that come after it
 * @param most nodes of each that are named
 */
export function findCycles(followers: readonly (readonly number[])[], most: number): Cycle[] {
  const cycles: Cycle[] = [];
  const told = new Set<number>();
  const seen = new Uint8Array(followers.length);
  for (let root = 0; root < followers.length; root += 1) {
    if (seen[root] === 1) continue;
    // A stack of its own: definitions may be thousands of steps long.
    const path: number[] = [root];
    const nextEdge: number[] = [0];
    const placeOnPath = new Map([[root, 0]]);
    seen[root] = 1;
    while (path.length > 0) {
      const node = path.at(-1) as number;
      const edge = nextEdge.at(-1) as number;
      const follower = followers[node]?.[edge];
      if (follower === undefined) {
        path.pop();
        nextEdge.pop();
        placeOnPath.delete(node);
        continue;
      }
      nextEdge[nextEdge.length - 1] = edge + 1;
      const place = placeOnPath.get(follower);
      if (place !== undefined) {
        const nodes = path.slice(place, place + most);
        if (!told.has(follower)) cycles.push({ nodes, length: path.length - place, from: node, to: follower });
        told.add(follower);
      } else if (seen[follower] === 0) {
        seen[follower] = 1;
        placeOnPath.set(follower, path.length);
        path.push(follower);
        nextEdge.push(0);
      }
    }
  }
  return cycles;
}
