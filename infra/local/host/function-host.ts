import { randomUUID } from 'node:crypto';
import { ACCOUNT_ID, REGION } from '../aws/protocol.ts';
import { type Clock, realClock } from '../clock.ts';
import {
  crashed,
  type Environment,
  type FunctionSpec,
  type LogLine,
  startEnvironment,
} from './environment.ts';
import type { InvocationResult } from './function-protocol.ts';

export type FunctionHost = {
  spec(name: string): FunctionSpec | undefined;
  /** Runs a function on a JSON payload. Never throws for what the function does. */
  invoke(
    name: string,
    payload: string,
    options?: { arn?: string; requestId?: string },
  ): Promise<InvocationResult>;
  /** Ends the environments that run an invocation, as a crash does. Returns how many. */
  kill(name: string): number;
  /** How many environments were started for the function so far. */
  started(name: string): number;
  close(): Promise<void>;
};

/**
 * Runs built bundles as Lambda does: one invocation at a time in each environment, more environments when
 * several requests are in flight, and warm ones again.
 */
export function createFunctionHost(
  specs: readonly FunctionSpec[],
  options: { log?: (line: LogLine) => void; clock?: Clock } = {},
): FunctionHost {
  const { log = () => {}, clock = realClock } = options;
  const fleets = new Map(specs.map((spec) => [spec.name, new Fleet(spec, log, clock)]));
  return {
    spec: (name) => fleets.get(name)?.spec,
    async invoke(name, payload, { arn = functionArn(name), requestId = randomUUID() } = {}) {
      const fleet = fleets.get(name);
      if (!fleet) throw new Error(`No such function: ${name}`);
      return fleet.invoke(payload, arn, requestId);
    },
    kill: (name) => fleets.get(name)?.kill() ?? 0,
    started: (name) => fleets.get(name)?.startedCount ?? 0,
    async close() {
      await Promise.all([...fleets.values()].map((fleet) => fleet.close()));
    },
  };
}

export function functionArn(name: string, qualifier?: string): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT_ID}:function:${name}${qualifier ? `:${qualifier}` : ''}`;
}

/** The environments of one function. */
class Fleet {
  readonly spec: FunctionSpec;
  startedCount = 0;
  readonly #log: (line: LogLine) => void;
  readonly #clock: Clock;
  readonly #environments = new Set<Environment>();
  /** The most recently used is the last, and the next to be used, as in Lambda. */
  #idle: Environment[] = [];
  readonly #queue: ((environment: Environment | null) => void)[] = [];
  #isClosed = false;

  constructor(spec: FunctionSpec, log: (line: LogLine) => void, clock: Clock) {
    this.spec = spec;
    this.#log = log;
    this.#clock = clock;
  }

  async invoke(payload: string, arn: string, requestId: string): Promise<InvocationResult> {
    const environment = await this.#take();
    if (!environment) return crashed('the local run has ended');
    const result = await environment.run({ payload, arn, requestId });
    if (this.#environments.has(environment)) this.#giveBack(environment);
    return result;
  }

  kill(): number {
    const busy = [...this.#environments].filter((environment) => !this.#idle.includes(environment));
    for (const environment of busy) void environment.end('signal: killed');
    return busy.length;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiting of this.#queue.splice(0)) waiting(null);
    await Promise.all([...this.#environments].map((one) => one.end('the local run has ended')));
  }

  /** Takes a warm environment, else a new one, else the next that becomes free. */
  async #take(): Promise<Environment | null> {
    if (this.#isClosed) return null;
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#environments.size < this.spec.maxEnvironments) return this.#start();
    return new Promise((resolve) => this.#queue.push(resolve));
  }

  #giveBack(environment: Environment): void {
    const next = this.#queue.shift();
    if (next) next(environment);
    else this.#idle.push(environment);
  }

  #start(): Environment {
    this.startedCount++;
    const environment = startEnvironment(this.spec, {
      log: (line) => this.#log({ function: this.spec.name, line }),
      offsetMs: this.#clock.offsetMs ?? null,
      onEnd: () => {
        this.#environments.delete(environment);
        this.#idle = this.#idle.filter((one) => one !== environment);
        if (!this.#isClosed) this.#queue.shift()?.(this.#start());
      },
    });
    this.#environments.add(environment);
    return environment;
  }
}
