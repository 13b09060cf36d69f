import { type Limit, type Upstream, upstream } from '../support/studio/queue-model.ts';
import { print, type Row } from './support/harness.ts';

/** The limiter before an upstream with a limit, on a virtual clock: what it uses, and what is throttled. */

const inFlight = (limit: number): Limit => ({ kind: 'in-flight', limit });
const perSecond = (limit: number): Limit => ({ kind: 'in-any-second', limit });
const fullSecond = (limit: number): Limit => ({ kind: 'per-second', limit });
const bucket = (limit: number): Limit => ({ kind: 'bucket', limit, holds: limit });
/** What a limit in flight allows per second, at 30 ms of latency and 1.5 ms of network. */
const throughput = (limit: number) => (limit * 1_000) / 31.5;

type Scenario = Omit<Upstream, 'seconds'> & {
  seconds?: number;
  /** Judged from this second on. */
  from?: number;
  /** Requests per second that are allowed then. */
  allowed: number;
};

const scenarios: Record<string, Scenario> = {
  '10 in flight': { limitAt: () => inFlight(10), from: 0, allowed: throughput(10) },
  '50 in flight': { limitAt: () => inFlight(50), from: 0, allowed: throughput(50) },
  '200 in flight': { limitAt: () => inFlight(200), from: 0, allowed: throughput(200) },
  '20 in any second': { limitAt: () => perSecond(20), allowed: 20 },
  '20 in any second, 300 ms': { limitAt: () => perSecond(20), latencyMs: () => 300, allowed: 20 },
  '20 in each full second': { limitAt: () => fullSecond(20), allowed: 20 },
  '20 a second, bucket': { limitAt: () => bucket(20), allowed: 20 },
  '100 in any second': { limitAt: () => perSecond(100), allowed: 100 },
  '100 in any second, 300 ms': { limitAt: () => perSecond(100), latencyMs: () => 300, allowed: 100 },
  '100 in each full second': { limitAt: () => fullSecond(100), allowed: 100 },
  '100 a second, bucket': { limitAt: () => bucket(100), allowed: 100 },
  'falls from 50 to 5 in flight': {
    limitAt: (ms) => inFlight(ms < 30_000 ? 50 : 5),
    allowed: throughput(5),
  },
  'rises from 10 to 200 in flight': {
    limitAt: (ms) => inFlight(ms < 30_000 ? 10 : 200),
    from: 50,
    allowed: throughput(200),
  },
  'falls from 100 to 20 a second': {
    limitAt: (ms) => perSecond(ms < 30_000 ? 100 : 20),
    from: 60,
    allowed: 20,
  },
  'rises from 20 to 200 a second': {
    limitAt: (ms) => perSecond(ms < 30_000 ? 20 : 200),
    from: 60,
    allowed: 200,
  },
  '50 in flight, after 15 s of 429s': {
    limitAt: () => inFlight(50),
    refusedAt: (ms) => (ms < 15_000 ? 1 : 0),
    from: 20,
    allowed: throughput(50),
  },
  '50 in flight, after 5 s of 429s in use': {
    limitAt: () => inFlight(50),
    refusedAt: (ms) => (ms > 10_000 && ms < 15_000 ? 1 : 0),
    from: 20,
    allowed: throughput(50),
  },
  '50 in flight, 1 % random 429s': {
    limitAt: () => inFlight(50),
    refusedAt: () => 0.01,
    allowed: throughput(50),
  },
  '50 in flight, 10 % random 429s': {
    limitAt: () => inFlight(50),
    refusedAt: () => 0.1,
    allowed: throughput(50),
  },
  '100 in any second, 10 % random 429s': {
    limitAt: () => perSecond(100),
    refusedAt: () => 0.1,
    allowed: 100,
  },
};

function rowOf(name: string, { allowed, from = 30, seconds = from + 60, ...options }: Scenario): Row {
  const later = upstream({ seconds, ...options }).per.slice(from);
  const succeeded = later.reduce((sum, second) => sum + second.succeeded, 0);
  const refused = later.reduce((sum, second) => sum + second.refused, 0);
  return {
    'Studio allows': name,
    'used %': (100 * succeeded) / (later.length * allowed),
    'throttled %': (100 * refused) / (succeeded + refused),
  };
}

export async function run(argv: string[]): Promise<void> {
  const rows = Object.entries(scenarios).map(([name, scenario]) => rowOf(name, scenario));
  print('The limiter on a virtual clock, at 30 ms of latency', rows, argv);
}
