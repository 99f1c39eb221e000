import fc from 'fast-check';

/**
 * Under CI the same cases are tried each time, so that a change is judged by itself; elsewhere each run tries others. A failure
 * prints its seed; `PROPERTY_SEED` tries it again.
 */
const named = process.env['PROPERTY_SEED'] ?? (process.env['CI'] === 'true' ? '20261121' : '');
if (named !== '') fc.configureGlobal({ seed: Number(named) });
