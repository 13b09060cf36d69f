import type { Endpoints } from '../../../infra/local/endpoints.ts';
import type { Resources } from '../../../infra/local/host/function-specs.ts';
import type { BehaviourChange } from '../../../infra/simulator/faults/behaviour.ts';
import type { SeedRequest } from '../../../infra/simulator/store/seed.ts';

export type Started = { endpoints: Endpoints; resources: Resources; studioUrl: string };
export type Asked = { seed?: SeedRequest; behave?: BehaviourChange; reset?: true };
export type Seen = {
  counts: { active: number; ended: number; deleted: number };
  deletedWhileActive: number;
  requests: number;
};
export type Told = Started | Seen;
