/** Milliseconds between two looks at who our parent is. */
const lookEvery = 500;

/**
 * A SIGTERM to `npm start` ends npm and its shell, which pass nothing on: the service would live on unseen and keep the port.
 * So a service that npm, or our own launcher, has started stops when its parent has gone.
 */
export function whenOrphaned(stop: () => void): NodeJS.Timeout | undefined {
  const { npm_lifecycle_event: byNpm, BATCHY_LAUNCHED: byLauncher } = process.env;
  if (byNpm === undefined && byLauncher === undefined) return undefined;
  const parent = process.ppid;
  return setInterval(() => {
    if (process.ppid !== parent) stop();
  }, lookEvery).unref();
}
