/** Between 0 (included) and 1: for pauses that are not to coincide, never for secrets. */
export function systemRandom(): number {
  return Math.random();
}
