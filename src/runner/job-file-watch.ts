import { type FSWatcher, watch } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

export interface JobFileWatchOptions {
  /** Quiet after a change before it is told: an editor writes a file in several goes. 0.2 if not said. */
  readonly quietSeconds?: number;
  /** How often it is looked at without having been told: network and container mounts tell nothing. 5 if not said. */
  readonly lookSeconds?: number;
}

export interface JobFileWatch {
  /** Resolves when the folder has been looked at for the first time; later changes are told. */
  readonly ready: Promise<void>;
  close(): void;
}

const defaultQuietSeconds = 0.2;
const defaultLookSeconds = 5;

/**
 * Tells when something in the folder of jobs has changed, deeper files too, since jobs import them: once for many changes at a
 * time, and only when what is there differs in name, size or time from what was there before. The folder may come, go and come
 * again.
 */
export function watchJobFiles(folder: string, onChange: () => void, options: JobFileWatchOptions = {}): JobFileWatch {
  const quiet = (options.quietSeconds ?? defaultQuietSeconds) * 1000;
  const look = (options.lookSeconds ?? defaultLookSeconds) * 1000;
  let watcher: FSWatcher | null = null;
  let settling: NodeJS.Timeout | undefined;
  let known: string | null = null;
  let closed = false;

  async function compare(): Promise<void> {
    const now = await fingerprint(folder);
    if (closed) return;
    arm();
    const differs = known !== null && known !== now;
    known = now;
    if (differs) onChange();
  }

  // One look at a time; a change during a look asks for another one.
  let looking: Promise<void> = Promise.resolve();
  function lookNow(): Promise<void> {
    looking = looking.then(compare);
    return looking;
  }

  function soon(): void {
    clearTimeout(settling);
    if (!closed) settling = setTimeout(() => void lookNow(), quiet);
  }

  /** The system's own notices make it quick; where there are none, the regular look finds the change. */
  function arm(): void {
    if (watcher !== null) return;
    try {
      const armed = watch(folder, { recursive: true, persistent: false }, soon);
      watcher = armed;
      armed.on('error', () => {
        armed.close();
        if (watcher === armed) watcher = null;
      });
    } catch {
      // No such folder yet, or too many watches: the regular look tries again.
    }
  }

  /** A folder that went away takes its watch along, without a word. */
  async function regularLook(): Promise<void> {
    if (!(await isFolder(folder))) {
      watcher?.close();
      watcher = null;
    }
    await lookNow();
  }

  const timer = setInterval(() => void regularLook(), look);
  timer.unref();
  return {
    ready: lookNow(),
    close() {
      closed = true;
      clearInterval(timer);
      clearTimeout(settling);
      watcher?.close();
      watcher = null;
    },
  };
}

async function isFolder(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).isDirectory();
  } catch {
    return false;
  }
}

/** Names, sizes, times and numbers of all files, however deep; a file that goes while it is looked at is not there. */
async function fingerprint(folder: string): Promise<string> {
  const entries = await listed(folder);
  const lines = await Promise.all(
    entries.map(async (name) => {
      try {
        const { size, mtimeMs, ino } = await stat(path.join(folder, name));
        return `${name} ${size} ${mtimeMs} ${ino}`;
      } catch {
        return `${name} -`;
      }
    }),
  );
  return lines.sort().join('\n');
}

async function listed(folder: string): Promise<string[]> {
  try {
    // A mount is often swapped by a link to the new version; what it leads to now is what counts.
    const names = await readdir(await realpath(folder), { recursive: true });
    return names.filter((name) => !name.split(path.sep).includes('node_modules'));
  } catch {
    return [];
  }
}
