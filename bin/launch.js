// Plain JavaScript in the syntax of old releases: it must be readable to the Node that it exists to replace.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const bundledNode = path.join(root, 'node_modules/.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
/** Of no account when it cannot be written. In the project, not in a folder that all users of the machine may write to. */
const compiled = path.join(root, 'node_modules/.cache/compiled');
const oldestMajor = 24;

/**
 * Runs a TypeScript file of the project (it acts when imported) in this process, or, where the Node that started us is
 * too old for it, in the Node that npm brought along. What was compiled is kept for the next start: it halves the time.
 * @param {string} file from the project's root
 */
export async function launch(file) {
  const entry = path.join(root, file);
  if (isNewEnough()) {
    silenceExperimentalWarnings();
    module.enableCompileCache(compiled);
    await import(pathToFileURL(entry).href);
  } else if (existsSync(bundledNode)) {
    runInBundledNode(entry);
  } else {
    refuse();
  }
}

/** Says what to do and ends the process with 1, unless this Node can run the project. */
export function requireNode() {
  if (!isNewEnough()) refuse();
}

function isNewEnough() {
  return Number(process.versions.node.split('.')[0]) >= oldestMajor;
}

function refuse() {
  console.error(
    `Batchy needs Node ${oldestMajor} or newer; this is ${process.version}. npm brings one along: run \`npm ci\` in ${root}, ` +
      'then start through npm (`npm start`) or npx. Where npm cannot bring it, install it from https://nodejs.org.',
  );
  process.exitCode = 1;
  process.exit();
}

/** The built-in SQLite is announced as experimental on each start; that is our decision, not the user's concern. */
function silenceExperimentalWarnings() {
  const listeners = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') for (const listener of listeners) listener.call(process, warning);
  });
}

/** @param {string} entry */
function runInBundledNode(entry) {
  // A server that we started must not live on when we are killed: it looks whether we are still there.
  const env = Object.assign({ NODE_COMPILE_CACHE: compiled }, process.env, { BATCHY_LAUNCHED: '1' });
  const args = ['--disable-warning=ExperimentalWarning', entry, ...process.argv.slice(2)];
  const child = spawn(bundledNode, args, { stdio: 'inherit', env, shell: process.platform === 'win32' });
  // A terminal signals the whole group; a process manager only us. The child decides when to end, so we outlive it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`${bundledNode} cannot be started (${error.message}): run \`npm ci\` in ${root}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code === null ? 1 : code;
    } else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}
