import { ownFileErrors, strayErrorsTold } from './stray-errors.ts';

/** Errors that job files set going while they are read, and that nothing catches. */
export interface FileErrors {
  /** @throws what came of the file and nothing caught, as soon as it came, or what `read` throws */
  watched<Value>(file: string, read: () => Promise<Value>): Promise<Value>;
  /** From now on such errors are no fault of the reading. @returns those up to now: some come when the next file is being read */
  end(): Promise<ReadonlyMap<string, unknown>>;
}

/** They are told by whoever hears of them for the whole process, through `jobFileTarget`. */
export function createFileErrors(): FileErrors {
  const errors = new Map<string, unknown>();
  let isOver = false;
  return {
    async watched(file, read) {
      const stray = Promise.withResolvers<never>();
      const fail = (error: unknown): boolean => {
        if (isOver) return false;
        if (!errors.has(file)) errors.set(file, error);
        stray.reject(error);
        return true;
      };
      return await ownFileErrors({ file, fail }, () =>
        Promise.race([
          stray.promise,
          read().then(async (value) => {
            await strayErrorsTold();
            return value;
          }),
        ]),
      );
    },
    async end() {
      await strayErrorsTold();
      isOver = true;
      return errors;
    },
  };
}
