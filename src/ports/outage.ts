/** Told by whoever uses a server that is elsewhere how it is met. Both may be told as often as one likes. */
export interface Outage {
  /** It cannot be used, or not be reached. */
  met(problem: unknown): void;
  /** It answers. */
  over(): void;
}
