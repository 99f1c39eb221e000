import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { createRedisStores } from '../../src/adapters/redis/stores.ts';
import { idOfMember, stepsIndex } from '../../src/domain/document-index.ts';
import type { JobExecution, StepExecution } from '../../src/domain/execution.ts';
import { documentKeys } from '../../src/domain/execution-documents.ts';
import { decodeExecution, decodeStep } from '../../src/domain/execution-text.ts';
import { isLive } from '../../src/domain/execution-transitions.ts';
import { heartbeatKey, readHeartbeat } from '../../src/domain/heartbeat.ts';
import { decodeLease, type Lease } from '../../src/domain/lease.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { freePort } from '../servers/free-port.ts';
import { type RedisServer, startRedis } from '../servers/redis.ts';
import { startTcpProxy, type TcpProxy } from '../servers/tcp-proxy.ts';
import type { Chance } from './chance.ts';
import { AppendOnlyFile } from './history/append-only-file.ts';
import { commitsOf } from './history/commits.ts';
import { createJudge, type Judge } from './judge.ts';
import { type Member, startMember } from './member.ts';
import { Notes } from './notes.ts';
import type { Limits } from './rules/limits.ts';
import { until } from './until.ts';

const cfg = path.join(import.meta.dirname, 'cfg');

export interface ArenaOptions {
  readonly chance: Chance;
  /** A line of what is done. */
  readonly say: (text: string) => void;
  readonly leaseSeconds?: number;
  readonly limits?: Limits;
  /** Further arguments of `redis-server`. */
  readonly redis?: readonly string[];
  /** Each member reaches Redis by a network of its own, which can be made to fail. */
  readonly hasProxies?: boolean;
}

export interface ServerMember extends Member {
  readonly origin: string;
}

/** A Redis, servers and workers beside it, what they do, and who judges it. */
export class Arena {
  readonly folder: string;
  readonly redis: RedisServer;
  /** By member. */
  readonly proxies = new Map<string, TcpProxy>();
  readonly #hasProxies: boolean;
  /** Sees the store as it is, whatever befalls the members' way to it. */
  readonly witness: Stores;
  readonly notes: Notes;
  readonly judge: Judge;
  readonly chance: Chance;
  readonly leaseSeconds: number;
  readonly members: Member[] = [];
  readonly servers: ServerMember[] = [];
  readonly #say: ArenaOptions['say'];
  readonly #written: AppendOnlyFile;
  readonly #began = performance.now();
  #launches = 0;

  private constructor(
    { chance, say, leaseSeconds = 2, limits = {}, hasProxies = false }: ArenaOptions,
    made: { folder: string; redis: RedisServer; witness: Stores },
  ) {
    this.folder = made.folder;
    this.redis = made.redis;
    this.#hasProxies = hasProxies;
    this.witness = made.witness;
    this.chance = chance;
    this.leaseSeconds = leaseSeconds;
    this.#say = say;
    this.#written = new AppendOnlyFile(made.redis.dir);
    this.notes = new Notes(made.folder);
    this.judge = createJudge({ leaseSeconds, limits });
  }

  static async open(options: ArenaOptions): Promise<Arena> {
    const folder = mkdtempSync(path.join(tmpdir(), 'batchy-chaos-'));
    const redis = await startRedis({
      dir: path.join(folder, 'redis'),
      args: ['--auto-aof-rewrite-percentage', '0', ...(options.redis ?? [])],
    });
    const target = new DatabaseSync(path.join(folder, 'target.db'));
    target.exec('pragma journal_mode = wal; create table rows (run integer not null, id integer not null)');
    target.close();
    const witness = await createRedisStores({ url: redis.url, silenceMs: 5000, deadlineMs: 10_000 });
    return new Arena(options, { folder, redis, witness });
  }

  say(text: string): void {
    this.#say(`${((performance.now() - this.#began) / 1000).toFixed(1).padStart(6)} s  ${text}`);
  }

  async server(name: string, environment: Readonly<Record<string, string>> = {}): Promise<ServerMember> {
    const port = await freePort();
    const member = await this.#start(name, 'serve', { WORKER: '0', PORT: String(port), ...environment });
    const server = Object.assign(member, { origin: `http://127.0.0.1:${port}` });
    await until(`${name} answers`, 60, async () => (await fetch(`${server.origin}/health/live`)).ok);
    this.servers.push(server);
    return server;
  }

  /** Starts workers and waits until each has given its sign of life. */
  async workers(names: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Member[]> {
    const started = await Promise.all(names.map((name) => this.#start(name, 'worker', environment)));
    await this.online(started);
    return started;
  }

  async online(members: readonly Member[]): Promise<void> {
    for (const member of members)
      await until(
        `${member.name} is online`,
        60,
        async () => !member.processes().isDisjointFrom(await this.#conductors()),
      );
  }

  async #start(
    name: string,
    command: 'serve' | 'worker',
    environment: Readonly<Record<string, string>>,
  ): Promise<Member> {
    const proxy = this.#hasProxies ? (this.proxies.get(name) ?? (await startTcpProxy(this.redis.port))) : null;
    if (proxy !== null) this.proxies.set(name, proxy);
    const port = proxy?.port ?? this.redis.port;
    const data = path.join(this.folder, name);
    mkdirSync(data, { recursive: true });
    const member = startMember({
      name,
      command,
      folder: this.folder,
      environment: {
        REDIS_URL: `redis://127.0.0.1:${port}`,
        BATCHY_CFG: cfg,
        BATCHY_DATA: data,
        LEASE_SECONDS: String(this.leaseSeconds),
        LOG_LEVEL: 'warn',
        // Ends with this process.
        BATCHY_LAUNCHED: '1',
        ...environment,
      },
    });
    this.members.push(member);
    return member;
  }

  /** Processes of the conductors that give signs of life. */
  async #conductors(): Promise<Set<number>> {
    const { json } = await this.call('GET', '/conductors');
    const listed = json as { state: string; process_id: number }[];
    return new Set(listed.flatMap(({ state, process_id: id }) => (state === 'online' ? [id] : [])));
  }

  /** Asks one of the servers that live. @throws TypeError when it cannot be reached */
  async call(method: string, url: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
    const server = this.chance.pick(this.servers.filter(({ isAlive }) => isAlive));
    const response = await fetch(server.origin + url, {
      method,
      signal: AbortSignal.timeout(15_000),
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, json: /^[[{]/.test(text) ? JSON.parse(text) : null };
  }

  /** Launches, however often it must be asked: with one key it has one effect. @returns the execution's id */
  async launch(job: string, parameters: object = {}): Promise<number> {
    const key = `launch-${(this.#launches += 1)}`;
    const answer = await until(`${job} is launched`, 120, async () => {
      const answer = await this.call('POST', `/jobs/${job}/launch`, parameters, { 'idempotency-key': key });
      if (answer.status >= 500) throw new Error(answer.text);
      return answer;
    });
    if (answer.status !== 202) throw new Error(`${job} was refused: ${answer.text}`);
    return answer.json.execution_id as number;
  }

  async execution(id: number): Promise<JobExecution | null> {
    const [found = null] = await this.witness.documents.get([documentKeys.execution(id)]);
    return found === null ? null : decodeExecution(found.text);
  }

  async lease(id: number): Promise<Lease | null> {
    const [found = null] = await this.witness.documents.get([documentKeys.lease(id)]);
    return found === null ? null : decodeLease(found.text);
  }

  async steps(id: number): Promise<StepExecution[]> {
    const members = await this.witness.documents.scan({
      index: stepsIndex(id),
      prefix: '',
      direction: 'ascending',
      beyond: null,
      limit: 1000,
    });
    const found = await this.witness.documents.get(members.map((member) => documentKeys.step(id, idOfMember(member))));
    return found.flatMap((document) => (document === null ? [] : [decodeStep(document.text)]));
  }

  /** Whose process runs it; `null`: nobody of ours. */
  async owner(id: number): Promise<{ readonly member: Member; readonly conductor: string } | null> {
    const conductor = (await this.lease(id))?.conductor ?? null;
    if (conductor === null) return null;
    const [sign = null] = await this.witness.documents.get([heartbeatKey(conductor)]);
    const process = sign === null ? undefined : readHeartbeat(sign.text).about?.processId;
    const member = this.members.find((each) => process !== undefined && each.processes().has(process));
    return member === undefined ? null : { member, conductor };
  }

  /** Resolves when they have all ended. */
  async ended(ids: readonly number[], seconds = 120): Promise<JobExecution[]> {
    const left = new Map<number, JobExecution | null>(ids.map((id) => [id, null]));
    await until(`executions end: ${ids.length}`, seconds, async () => {
      for (const [id, known] of left) {
        if (known !== null && !isLive(known.status)) continue;
        const execution = await this.execution(id);
        left.set(id, execution);
        if (execution === null || isLive(execution.status))
          throw new Error(`execution ${id} (${execution?.jobName}) is ${execution?.status}`);
      }
      return true;
    });
    return [...left.values()].filter((execution) => execution !== null);
  }

  /** Takes in what Redis has carried out since the last time. */
  async follow(): Promise<void> {
    for await (const transaction of this.#written.transactions())
      for (const commit of commitsOf(transaction)) this.judge.see(commit);
  }

  /** Rows of the table that are not there as often as they should: once. */
  brokenRows(run: number, rows: number): string[] {
    const target = new DatabaseSync(path.join(this.folder, 'target.db'));
    try {
      const found = target
        .prepare(
          'select count(*) count, count(distinct id) different, min(id) least, max(id) greatest from rows where run = ?',
        )
        .get(run) as { count: number; different: number; least: number; greatest: number };
      const { count, different, least, greatest } = found;
      const isRight = count === rows && different === rows && least === 1 && greatest === rows;
      return isRight
        ? []
        : [
            `run ${run} has ${count} rows, ${different} different ones, ${least} to ${greatest}, where 1 to ${rows} were due`,
          ];
    } finally {
      target.close();
    }
  }

  /** Whether nobody is in the midst of writing to the table: who is paused there keeps all others out, as SQLite does it. */
  isTableFree(): boolean {
    const target = new DatabaseSync(path.join(this.folder, 'target.db'), { timeout: 1000 });
    try {
      target.exec('begin immediate; rollback');
      return true;
    } catch {
      return false;
    } finally {
      target.close();
    }
  }

  /** The last that a member has written to its log. */
  logOf(name: string): string {
    return readFileSync(path.join(this.folder, `${name}.log`), 'utf8').slice(-4000);
  }

  /** For files that members look at. */
  put(file: string): () => void {
    const place = path.join(this.folder, file);
    appendFileSync(place, '');
    return () => rmSync(place, { force: true });
  }

  /** Ends everything. @param keeps whether its folder stays, to be looked at */
  async close(keeps: boolean): Promise<void> {
    await Promise.allSettled(
      this.members.map(async (member) => {
        member.resume();
        if (member.isAlive) await member.kill('all');
      }),
    );
    await this.witness.upkeep.close();
    for (const proxy of this.proxies.values()) await proxy.close();
    await this.redis.stop();
    if (!keeps) rmSync(this.folder, { recursive: true, force: true });
  }
}
