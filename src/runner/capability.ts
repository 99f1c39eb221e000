/** What a capability is asked about. */
export interface CapabilityWork {
  readonly jobName: string;
  readonly executionId: number;
  /** What was given at the launch, with defaults. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Something that this machine can do, as `cfg/capabilities` defines it. */
export interface Capability {
  readonly kind: 'capability';
  readonly name: string;
  /** Asked whenever work that needs it is about to be taken; `null`: this machine has it. */
  readonly has: ((work: CapabilityWork) => unknown) | null;
}
