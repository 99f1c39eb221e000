import { uuidv7 } from 'uuidv7';

/** Ids that no other process gives either: this process's own, and a number. A random one for each would cost a hundred times as much. */
export function createNumberedIds(): () => string {
  const process = uuidv7();
  let count = 0;
  return () => {
    count += 1;
    return `${process}-${count}`;
  };
}
