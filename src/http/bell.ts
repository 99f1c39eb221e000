/** Remembers that it rang, so that a ring between two listenings is not missed. */
export function createBell(patienceMilliseconds: number) {
  let rung = false;
  let wake: (() => void) | null = null;
  let timer: NodeJS.Timeout | undefined;
  return {
    ring: (): void => {
      rung = true;
      wake?.();
    },
    /** Whether it rang since the last time, or does within the patience. */
    async heard(): Promise<boolean> {
      if (!rung) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          timer = setTimeout(resolve, patienceMilliseconds);
        });
        clearTimeout(timer);
        wake = null;
      }
      const heard = rung;
      rung = false;
      return heard;
    },
    silence: (): void => clearTimeout(timer),
  };
}
