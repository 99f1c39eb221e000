import { open, stat } from 'node:fs/promises';

/** So much of a file is looked at: the most that a list may have. */
const mostBytes = 1024 * 1024;

/** Of a file of either form. */
export function namesTaskList(file: string): boolean {
  return file.endsWith('.lst') || file.endsWith('.json');
}

/**
 * Whether a file of JSON is a task list: an array in which something says what it runs. By its text alone, so that a list with a mistake
 * is told as one, and data that lies beside the jobs is nobody's mistake.
 */
export async function isJsonTaskList(file: string): Promise<boolean> {
  const text = await beginningOf(file).catch(() => '');
  return /^\uFEFF?\s*\[/.test(text) && /"(?:shell|module|worker)"\s*:/.test(text);
}

async function beginningOf(file: string): Promise<string> {
  // A pipe would be waited for.
  if (!(await stat(file)).isFile()) return '';
  const opened = await open(file);
  try {
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await opened.close();
  }
}
