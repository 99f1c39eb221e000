import { randomUUID } from 'node:crypto';

import { type Redis, ReplyError } from 'ioredis';

import { assertDocumentChanges } from '../../domain/document-rules.ts';
import { BatchyError } from '../../domain/errors.ts';
import { copyKey, ownPrefix, quoteBriefly } from '../../domain/names.ts';
import { foreignData } from '../../domain/workflow.ts';
import type { Commit, CommitOutcome, Store } from '../../ports/store.ts';
import { commitArguments } from './commit-arguments.ts';
import type { Remembered } from './batch-reader.ts';
import { readTime, type TimeReply } from './clock.ts';
import type { RedisConnection } from './connection.ts';
import { gather } from './gather.ts';
import { readOperation } from './operation-text.ts';
import { newerSchema } from './schema.ts';
import type { ServerTime } from './server-time.ts';
import { loadScript } from './script.ts';
import { foreignOwnKey } from './server-errors.ts';

const commitScript = loadScript('./commit.lua');

/** The server does nothing else while it carries out a call, and the answers to many at a time leave it idle while they are read. */
const mostAtATime = 5;

interface Sending {
  readonly redis: Redis;
  readonly args: readonly string[];
}

type ScriptAnswer = readonly [kind: string, first?: string, second?: string];

/** Each commit by itself is done or not; together they only travel. */
async function sendTogether(sendings: readonly Sending[], serverTime: ServerTime): Promise<ScriptAnswer[]> {
  const [time, answers] = (await commitScript(
    (sendings[0] as Sending).redis,
    [],
    [String(sendings.length)],
    ...sendings.map(({ args }) => args),
  )) as [TimeReply, ScriptAnswer[]];
  serverTime.heard(readTime(time));
  return answers;
}

export function createRedisStore(connection: RedisConnection, { lastWritten, serverTime }: Remembered): Store {
  // A commit's token is this process's and its number: to make a random one for each costs more than what it says.
  const process = randomUUID();
  let sent = 0;
  const send = gather(mostAtATime, (sendings: readonly Sending[]) => sendTogether(sendings, serverTime));

  async function attempt(commit: Commit): Promise<CommitOutcome> {
    assertDocumentChanges(commit.changes);
    const token = `${process}-${(sent += 1)}`;
    const args = commitArguments(commit, token);
    const answer = await connection.call((redis) => send({ redis, args }).then(orRefusal), 'commit');
    return outcomeOf(commit, token, answer);
  }

  function outcomeOf(commit: Commit, token: string, [kind, first = '', second = '']: ScriptAnswer): CommitOutcome {
    switch (kind) {
      case 'committed':
        return { kind, sequences: sequencesFrom(Number(first), commit) };
      case 'conflict':
        return { kind };
      case 'repeated': {
        const known = readOperation(commit.operation.id, first);
        // Our own sending of before, whose answer was lost on the way.
        if (known.token === token) return { kind: 'committed', sequences: sequencesFrom(known.firstSequence, commit) };
        return { kind, operation: known.operation };
      }
      case 'foreign':
        throw foreignKey(first, second, commit);
      case 'schema':
        throw newerSchema(first);
      default:
        throw new BatchyError('internal', `The commit's script answered ${quoteBriefly(kind)}.`);
    }
  }

  async function noting(commit: Commit): Promise<CommitOutcome> {
    let outcome: CommitOutcome | null = null;
    try {
      outcome = await attempt(commit);
      return outcome;
    } finally {
      for (const change of commit.changes) {
        if (change.kind !== 'workflow') continue;
        if (outcome?.kind === 'committed') lastWritten.wrote(change);
        else lastWritten.doubt(change.name);
      }
    }
  }

  return {
    commit: (commit) => (commit.changes.some(({ kind }) => kind === 'workflow') ? noting(commit) : attempt(commit)),
  };
}

/** What the server refused in the midst of the script is told as it would have been without one. */
function orRefusal(answer: ScriptAnswer): ScriptAnswer {
  if (answer[0] === 'error') throw new ReplyError(answer[1]);
  return answer;
}

function sequencesFrom(first: number, { journal }: Commit): number[] {
  return journal.map((_entry, index) => first + index);
}

function foreignKey(key: string, type: string, { changes }: Commit): BatchyError {
  const what = `it is no hash but a ${type}`;
  if (!key.startsWith(ownPrefix)) {
    const workflows = changes.filter((change) => change.kind === 'workflow');
    const owner = workflows.find(({ name, records }) => records.some(({ id }) => copyKey(name, id) === key));
    if (owner === undefined) return foreignData(key, what);
    return new BatchyError(
      'foreign-data',
      `The key ${quoteBriefly(key)}, where a batch of ${quoteBriefly(owner.name)} is copied to, belongs to somebody else: ${what}. Nothing was changed; move that key away or choose another workflow name.`,
    );
  }
  return foreignOwnKey(key, type);
}
