import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

import { whyNotWritable } from '../config/data-folder.ts';
import { isReadableByOthers, readKeyFile } from '../config/key-file.ts';
import { isLoopback } from '../config/load.ts';
import { logFolder } from '../config/log-folder.ts';
import type { Settings } from '../config/schema.ts';
import { parseWorkflowYaml } from '../dialects/workflow-yaml.ts';
import { loadConfiguration } from '../domain/configuration.ts';
import { BatchyError } from '../domain/errors.ts';
import { checkWorkflowName } from '../domain/names.ts';
import { readInitialDate } from '../domain/watermark.ts';
import { emptyLedger } from '../domain/workflow.ts';
import { createConductors } from '../service/conductors.ts';
import type { Stores } from '../service/stores.ts';
import { conductorWarnings } from '../service/conductor-warnings.ts';
import { schedulesAhead } from '../service/schedules-ahead.ts';
import { strandedNow } from '../service/stranded-executions.ts';
import type { CliContext } from './context.ts';
import { CommandFailure } from './exit-codes.ts';
import { serverAddress, unreachableReason } from './server-address.ts';
import { readSettings } from './settings.ts';

/** One thing that was looked at: how it is, and, unless it is well, what to mend. */
export interface Finding {
  readonly verdict: 'ok' | 'warn' | 'fail';
  readonly subject: string;
  readonly detail: string;
}

const oldestNode = 24;
const answerMilliseconds = 5000;

/** Looks at everything that a server needs to start here, changing nothing but what opening a store that exists does. */
export async function inspect(context: CliContext): Promise<Finding[]> {
  const findings: Finding[] = [checkNode(process.versions.node)];
  let settings: Settings;
  try {
    ({ settings } = await readSettings(context));
    findings.push({ verdict: 'ok', subject: 'settings', detail: 'readable; batchy config prints them' });
  } catch (error) {
    return [...findings, failure('settings', error)];
  }
  findings.push(...checkExposure(settings), checkDataFolder(settings));
  findings.push(...(await checkStore(context, settings)), ...(await checkConfigurations(context, settings)));
  findings.push(await checkPort(context, settings), ...(await checkServer(context)));
  return findings;
}

export function checkNode(version: string): Finding {
  const isNew = Number(version.split('.')[0]) >= oldestNode;
  return {
    verdict: isNew ? 'ok' : 'fail',
    subject: 'node',
    detail: isNew ? version : `${version} is too old; ${oldestNode} or newer is needed, and npm ci brings it`,
  };
}

function checkExposure({ HOST, ALLOW_OPEN, BATCHY_ADMIN_KEY, API_KEYS_FILE }: Settings): Finding[] {
  let count = BATCHY_ADMIN_KEY === '' ? 0 : 1;
  try {
    count += readKeyFile(API_KEYS_FILE).length;
  } catch (error) {
    return [failure('keys', error)];
  }
  if (isReadableByOthers(API_KEYS_FILE))
    return [{ verdict: 'warn', subject: 'keys', detail: `${API_KEYS_FILE} can be read by other users; chmod 600 it` }];
  if (count > 0 || isLoopback(HOST))
    return [
      {
        verdict: 'ok',
        subject: 'keys',
        detail: count === 0 ? 'none; only this machine can reach the server' : `${count}`,
      },
    ];
  if (ALLOW_OPEN)
    return [
      {
        verdict: 'warn',
        subject: 'keys',
        detail: `none, and HOST is ${HOST}: everybody who reaches it may change every watermark (ALLOW_OPEN)`,
      },
    ];
  return [
    {
      verdict: 'fail',
      subject: 'keys',
      detail: `none, and HOST is ${HOST}: batchy keys create NAME --scope admin, or set HOST to 127.0.0.1`,
    },
  ];
}

function checkDataFolder({ BATCHY_DATA }: Settings): Finding {
  const problem = whyNotWritable(logFolder(BATCHY_DATA));
  if (problem !== null)
    return { verdict: 'fail', subject: 'data folder', detail: `${problem}; mend that or set BATCHY_DATA` };
  return {
    verdict: 'ok',
    subject: 'data folder',
    detail: existsSync(BATCHY_DATA) ? BATCHY_DATA : `${BATCHY_DATA}, made at the first start`,
  };
}

async function checkStore({ machine }: CliContext, settings: Settings): Promise<Finding[]> {
  const subject = settings.REDIS_URL === '' ? 'embedded store' : 'redis';
  if (settings.REDIS_URL === '' && !existsSync(settings.BATCHY_DATA))
    return [{ verdict: 'ok', subject, detail: 'empty; made at the first start' }];
  try {
    const stores = await machine.openStores(settings);
    try {
      await stores.upkeep.ping();
      const warnings = await stores.upkeep.warnings();
      return [
        { verdict: 'ok', subject, detail: 'answers' },
        ...warnings.map((detail): Finding => ({ verdict: 'warn', subject, detail })),
        ...(await checkConductors(stores, settings)),
        ...(await checkSchedules(stores)),
      ];
    } finally {
      await stores.upkeep.close();
    }
  } catch (error) {
    return [failure(subject, error)];
  }
}

/** Of the processes that run jobs, on whatever machine: what the store knows of them. */
async function checkConductors(stores: Stores, { LEASE_SECONDS }: Settings): Promise<Finding[]> {
  const conductors = createConductors(stores, LEASE_SECONDS);
  const stranded = await strandedNow(
    stores.documents,
    conductors,
    'Start one that has their job files: batchy serve, or batchy worker.',
  );
  const warnings = await conductorWarnings(stores.documents, conductors, []);
  return [...(stranded === null ? [] : [stranded]), ...warnings.values()].map((detail) => ({
    verdict: 'warn',
    subject: 'conductors',
    detail,
  }));
}

async function checkSchedules(stores: Stores): Promise<Finding[]> {
  const warnings = await schedulesAhead(stores);
  return [...warnings.values()].map((detail) => ({ verdict: 'warn', subject: 'schedules', detail }));
}

async function checkConfigurations(
  { machine }: CliContext,
  { BATCHY_CFG, BATCHY_INITIAL_DATE }: Settings,
): Promise<Finding[]> {
  const subject = 'configurations';
  if (!existsSync(BATCHY_CFG))
    return [
      {
        verdict: 'warn',
        subject,
        detail: `there is no folder ${BATCHY_CFG}; nothing can be loaded. Make it, or set BATCHY_CFG (batchy init writes a sample)`,
      },
    ];
  const files = readdirSync(BATCHY_CFG).filter((file) => /\.ya?ml$/.test(file));
  const now = await machine.now();
  const problems = files.flatMap((file): Finding[] => {
    try {
      const name = checkWorkflowName(file.replace(/\.ya?ml$/, ''));
      const configuration = parseWorkflowYaml(readFileSync(path.join(BATCHY_CFG, file), 'utf8'), file);
      const request = {
        mode: 'replace',
        force: false,
        reason: null,
        now,
        initialDate: readInitialDate(BATCHY_INITIAL_DATE),
        by: 'doctor',
      } as const;
      loadConfiguration(name, null, emptyLedger, configuration, request);
      return [];
    } catch (error) {
      return [failure(file, error)];
    }
  });
  const good = files.length - problems.length;
  return [
    {
      verdict: good === 0 && files.length === 0 ? 'warn' : 'ok',
      subject,
      detail: `${good} of ${files.length} files in ${BATCHY_CFG} can be loaded`,
    },
    ...problems,
  ];
}

/** Free, or held by a Batchy: anything else would keep the server from starting. */
async function checkPort({ environment }: CliContext, { HOST, PORT }: Settings): Promise<Finding> {
  const subject = `port ${PORT}`;
  const taken = await listenProblem(HOST, PORT);
  if (taken === null) return { verdict: 'ok', subject, detail: `free on ${HOST}` };
  if (taken.code !== 'EADDRINUSE')
    return { verdict: 'fail', subject, detail: `cannot listen on ${HOST}: ${taken.message}; set HOST or PORT` };
  const host = HOST === '0.0.0.0' || HOST === '::' ? 'localhost' : HOST.includes(':') ? `[${HOST}]` : HOST;
  const url = `http://${host}:${PORT}`;
  try {
    // What listens there may be anything: it is shown the key only when it has answered as a Batchy that needs one.
    const answer = await askWhoYouAre(url, {});
    const known =
      answer.isBatchy && answer.refusal === 401
        ? await askWhoYouAre(url, serverAddress({ url, environment }).headers)
        : answer;
    if (known.isBatchy) return served(subject, 'a Batchy server runs here', known.refusal);
  } catch (error) {
    if (error instanceof CommandFailure) return failure(subject, error);
    if (error instanceof DOMException && error.name === 'TimeoutError')
      return {
        verdict: 'fail',
        subject,
        detail: `what listens on ${HOST} gave no answer in time: a Batchy that is stuck, or another program; find out which before you stop it`,
      };
    // What cuts the connection, or does not speak HTTP, is another program.
  }
  return { verdict: 'fail', subject, detail: `another program listens on ${HOST}; stop it or set PORT` };
}

function listenProblem(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}

/** The server of the client commands, where one is named. */
async function checkServer({ environment }: CliContext): Promise<Finding[]> {
  if ((environment['BATCHY_URL'] ?? '').trim() === '') return [];
  const subject = 'server';
  try {
    const { base, headers } = serverAddress({ environment });
    const { isBatchy, refusal } = await askWhoYouAre(base, headers);
    return [
      isBatchy
        ? served(subject, `${base} answers`, refusal)
        : { verdict: 'fail', subject, detail: `what answers at ${base} is no Batchy server; mend BATCHY_URL` },
    ];
  } catch (error) {
    if (error instanceof CommandFailure) return [failure(subject, error)];
    return [
      {
        verdict: 'fail',
        subject,
        detail: `cannot be reached: ${unreachableReason(error)}; start it or mend BATCHY_URL`,
      },
    ];
  }
}

interface Introduction {
  readonly isBatchy: boolean;
  /** The HTTP status of a Batchy that refused to say more. */
  readonly refusal: number | null;
}

async function askWhoYouAre(base: string, headers: Readonly<Record<string, string>>): Promise<Introduction> {
  const response = await fetch(`${base}/index`, { headers, signal: AbortSignal.timeout(answerMilliseconds) });
  const text = await response.text();
  if (response.ok) return { isBatchy: /batchy/i.test(text), refusal: null };
  const isProblem = (response.headers.get('content-type') ?? '').startsWith('application/problem+json');
  return { isBatchy: isProblem && /"type":\s*"\/problems\//.test(text), refusal: response.status };
}

/** A Batchy that runs, and whether the client commands can do something with it. */
function served(subject: string, detail: string, refusal: number | null): Finding {
  if (refusal === null) return { verdict: 'ok', subject, detail };
  const advice =
    refusal === 401
      ? 'needs an API key; give a valid one in BATCHY_KEY (batchy keys create makes one)'
      : `refused to say more (HTTP ${refusal}); its log says why`;
  return { verdict: 'warn', subject, detail: `${detail}, but ${advice}` };
}

function failure(subject: string, error: unknown): Finding {
  if (!(error instanceof BatchyError || error instanceof CommandFailure)) throw error;
  return { verdict: 'fail', subject, detail: error.message };
}
