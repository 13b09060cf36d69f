import type { BehaviourChange } from '../../../infra/simulator/faults/behaviour.ts';
import { createRandom } from '../../../infra/simulator/random.ts';
import type { SeedRequest } from '../../../infra/simulator/store/seed.ts';
import type { Config } from '../../../lib/config/configuration.ts';

/** What the run consists of; all of it follows from the seed, the number of executions and when it began. */

export const FLOWS = { a: `FW${'a'.repeat(32)}`, b: `FW${'b'.repeat(32)}` } as const;
type FlowAlias = keyof typeof FLOWS;

const POLICY = 'aged';
const POLICY_AGE_DAYS = 16;
export const CONFIG: unknown = {
  flows: Object.entries(FLOWS).map(([alias, sid]) => ({ alias, sid })),
  policies: [{ name: POLICY, flows: ['b'], status: 'any', olderThan: `P${POLICY_AGE_DAYS}D` }],
} satisfies { [member in keyof Config]?: unknown };

export const CONTACT = '+12025550199';
export const STEPS_EACH = 2;
const DAY_MS = 86_400_000;

/** What a purge selects, in days of age: `from` the older end, `to` the younger one, which does not belong to it. */
export type PlannedPurge = {
  name: string;
  /** Purges of one group may select the same executions; what is done is counted for the group. */
  group: string;
  flows: readonly FlowAlias[];
  status: 'ended' | 'active' | 'any';
  fromDays: number | null;
  toDays: number | null;
  contact?: string;
  action: 'delete' | 'end';
  archive?: boolean;
  dryRun?: boolean;
  /** Stopped as soon as it has done something: what is left then was not left behind. */
  stopped?: boolean;
  /** Started by the schedule's event instead of POST /purges. */
  policy?: string;
};

const MIXED = { flows: ['a'], status: 'any', fromDays: 20, toDays: 8, action: 'delete' } as const;

/** Counted before anything is changed. */
export const DRY_RUN: PlannedPurge = { name: 'dry run', group: 'dry run', ...MIXED, dryRun: true };

export const PURGES: readonly PlannedPurge[] = [
  {
    name: 'archived',
    group: 'archived',
    flows: ['a'],
    status: 'ended',
    fromDays: 29.5,
    toDays: 20,
    action: 'delete',
    archive: true,
  },
  { name: 'mixed', group: 'mixed', ...MIXED },
  {
    name: 'overlap, ended',
    group: 'overlap',
    flows: ['b'],
    status: 'ended',
    fromDays: 15.5,
    toDays: 7,
    action: 'delete',
  },
  {
    name: 'overlap, any',
    group: 'overlap',
    flows: ['b'],
    status: 'any',
    fromDays: 13,
    toDays: 3,
    action: 'delete',
  },
  {
    name: 'policy',
    group: 'policy',
    flows: ['b'],
    status: 'any',
    fromDays: null,
    toDays: POLICY_AGE_DAYS,
    action: 'delete',
    policy: POLICY,
  },
  { name: 'end', group: 'end', flows: ['a'], status: 'active', fromDays: 8, toDays: 5, action: 'end' },
  {
    name: 'stopped',
    group: 'stopped',
    flows: ['a'],
    status: 'any',
    fromDays: 5,
    toDays: 2.6,
    action: 'delete',
    stopped: true,
  },
  {
    name: 'contact',
    group: 'contact',
    flows: ['a', 'b'],
    status: 'any',
    fromDays: null,
    toDays: null,
    contact: CONTACT,
    action: 'delete',
  },
];

export function daysBefore(startMs: number, days: number): string {
  return `${new Date(startMs - days * DAY_MS).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`;
}

/** Ages from a month to some minutes, a fifth of them active; three seconds in which thousands were created. */
export function seedRequests(executions: number, startMs: number): SeedRequest[] {
  const part = (
    flow: FlowAlias,
    share: number,
    [fromDays, toDays]: [number, number],
    more: Partial<SeedRequest> = {},
  ): SeedRequest => ({
    flowSid: FLOWS[flow],
    count: Math.round(share * executions),
    dateCreatedFrom: daysBefore(startMs, fromDays),
    dateCreatedTo: daysBefore(startMs, toDays),
    activeShare: 0.2,
    parameters: { flow },
    ...more,
  });
  return [
    part('a', 0.45, [29, 0.01]),
    part('b', 0.33, [29, 0.01]),
    part('a', 0.03, [24.5, 24.5]),
    part('a', 0.09, [12, 12]),
    part('b', 0.09, [10, 10]),
    // One contact and sender have one active execution at most, so this one is over both flows.
    part('a', 0.005, [2.5, 0.1], { contact: CONTACT }),
    part('b', 0.005, [2.5, 0.1], { contact: CONTACT }),
  ];
}

const DELETES_AND_ENDS = ['DeleteExecution', 'UpdateExecution'] as const;

const STUBBORN_SHARE = 0.0024;

/** One that never does all that is asked of it: Studio decides by the last digits of its SID. */
export function isStubborn(sid: string): boolean {
  return Number.parseInt(sid.slice(-12), 16) / 16 ** 12 < STUBBORN_SHARE;
}

/** From the beginning on: 5 % errors and 3 % cut connections, half of each after the work was done. */
export const BEHAVIOUR: BehaviourChange = {
  latencyMs: 3,
  latencyJitterMs: 9,
  maxInFlight: 40,
  stepsPerExecution: STEPS_EACH,
  arrivalsPerList: 2,
  pageToken: 'keyset',
  faults: [
    { kind: 'error', status: 500, work: 'done', probability: 0.025 },
    { kind: 'error', status: 503, work: 'undone', probability: 0.025 },
    { kind: 'cut', work: 'done', probability: 0.015 },
    { kind: 'cut', work: 'undone', probability: 0.015 },
  ],
  stubborn: [
    { share: 0.0008, operations: [...DELETES_AND_ENDS], status: 500 },
    { share: 0.0016, operations: ['DeleteExecution'], status: 409 },
    { share: STUBBORN_SHARE, operations: ['FetchExecutionContext'], status: 500 },
  ],
};

/** What changes while it runs; `at` is a share of all that is to be done. */
type Turn = { at: number; change: BehaviourChange };

const TURNS: readonly Turn[] = [
  { at: 0.1, change: { maxInFlight: 5 } },
  { at: 0.15, change: { maxInFlight: 500 } },
  { at: 0.2, change: { ignoreStatusFilter: true } },
  { at: 0.35, change: { maxInFlight: 20 } },
  { at: 0.45, change: { ignoreStatusFilter: false } },
  { at: 0.5, change: { pageToken: 'offset', maxInFlight: 80 } },
  { at: 0.6, change: { requestsPerSecond: 500 } },
  { at: 0.7, change: { requestsPerSecond: null } },
  { at: 0.75, change: { deleteActive: 'conflict' } },
];

export type Course = {
  turns: readonly Turn[];
  /** When workers are killed. */
  kills: readonly number[];
  /** An execution ends by itself each time this number of them was worked on. */
  endsElsewhereEvery: number;
  /** How many another user of the account deletes. */
  vanish: number;
  /** Each time this number of executions was worked on … */
  arrivesEvery: number;
  /** … these arrive, after the purges have begun. */
  arrivals: SeedRequest[];
};

export const KILLS = 3;
const FIRST_KILL = 0.03;
const LAST_KILL = 0.85;
const ENDS_ELSEWHERE_EVERY = 97;
/** Few enough that the digest tells which of them a purge took for its own. */
const VANISH = 50;
const ARRIVES_EVERY = 61;
/** Of the contact that is being erased, too. */
const ARRIVALS: SeedRequest[] = [
  { flowSid: FLOWS.a, count: 1, contact: CONTACT },
  { flowSid: FLOWS.b, count: 2 },
];

export function courseOf(seed: number, howMany: number): Course {
  const random = createRandom(seed);
  const kills = Array.from({ length: howMany }, () => FIRST_KILL + random() * (LAST_KILL - FIRST_KILL));
  return {
    turns: TURNS,
    kills: kills.sort((one, other) => one - other),
    endsElsewhereEvery: ENDS_ELSEWHERE_EVERY,
    vanish: VANISH,
    arrivesEvery: ARRIVES_EVERY,
    arrivals: ARRIVALS,
  };
}
