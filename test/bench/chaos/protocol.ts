import type { BehaviourChange } from '../../../infra/simulator/faults/behaviour.ts';
import type { FlowOptions } from '../../../infra/simulator/store/flows.ts';
import type { SeedRequest } from '../../../infra/simulator/store/seed.ts';

/** What the benchmark and the simulated Studio's process say to each other. */

export type Seeded = {
  seed: number;
  behaviour: BehaviourChange;
  flows: FlowOptions[];
  seeds: SeedRequest[];
};

export type ToStudio =
  | { kind: 'snapshot' }
  /** `at` counts deletes and ends. */
  | {
      kind: 'course';
      turns: { at: number; change: BehaviourChange }[];
      kills: number[];
      endsElsewhereEvery: number;
      mayEnd: string[];
      vanishesEvery: number;
      mayVanish: string[];
      arrivesEvery: number;
      arrivals: SeedRequest[];
    }
  | { kind: 'truth' };

export type Existing = { sid: string; flowSid: string; to: string; active: boolean; createdMs: number };

/** What Studio itself did, whatever it answered. */
export type Truth = {
  deleted: string[];
  ended: string[];
  /** Ended by themselves. */
  endedElsewhere: string[];
  /** By another user of the account. */
  deletedElsewhere: string[];
  /** Of those: the ones that a purge asked for afterwards, and was told each time that they are gone. */
  metGone: string[];
  /** Lists that went on with a page token whose time was over. */
  expiredTokens: number;
  /** Created since the snapshot. */
  arrived: number;
  deletedWhileActive: number;
  requests: number;
  throttled: number;
};

export type FromStudio =
  | { kind: 'ready'; url: string }
  | { kind: 'snapshot'; executions: Existing[] }
  | { kind: 'set' }
  | { kind: 'kill' }
  | ({ kind: 'truth' } & Truth);
