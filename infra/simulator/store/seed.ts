import * as v from 'valibot';
import { NEVER, type NewExecution } from './execution.ts';

const positive = v.pipe(v.number(), v.integer(), v.minValue(1));

/** What to seed; the same request into an empty store gives the same executions, SIDs included. */
export const seedSchema = v.strictObject({
  flowSid: v.pipe(v.string(), v.regex(/^FW[0-9a-fA-F]{32}$/, 'must be a flow SID')),
  count: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000_000)),
  /** Evenly spread from here on; default: a day before `dateCreatedTo`. Equal to it: all in one second. */
  dateCreatedFrom: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  /** … to before here; default: now. */
  dateCreatedTo: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  /** The share of active ones. A contact that has an active one already gets an ended one. */
  activeShare: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0),
  /** How many different contacts; default: one for each execution. */
  contacts: v.optional(positive),
  /** The number of the first made-up contact (+1555 and seven digits); default: those not used yet. */
  firstContact: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  /** This one address instead of made-up ones. */
  contact: v.optional(v.string()),
  sender: v.optional(v.string(), '+15017122661'),
  parameters: v.optional(v.record(v.string(), v.unknown()), {}),
  flowVersion: v.optional(positive, 1),
});
export type SeedRequest = v.InferInput<typeof seedSchema>;
export type SeedResult = { active: number; ended: number; firstSid: string | null; lastSid: string | null };

const DAY_MS = 86_400_000;
const LONGEST_RUN_S = 600;

/** The executions to add, one after the other. Throws a RangeError for dates that cannot be. */
export function* planSeed(
  { flowSid, count, sender: from, flowVersion, ...request }: v.InferOutput<typeof seedSchema>,
  nowMs: number,
  firstContact: number,
  hasActive: (to: string, from: string) => boolean,
): Generator<NewExecution> {
  const { contact, contacts = count, activeShare } = request;
  const toMs = request.dateCreatedTo === undefined ? nowMs : Date.parse(request.dateCreatedTo);
  const fromMs = request.dateCreatedFrom === undefined ? toMs - DAY_MS : Date.parse(request.dateCreatedFrom);
  if (!(fromMs >= 0 && fromMs <= toMs))
    throw new RangeError('dateCreatedFrom and dateCreatedTo must be dates after 1970, in this order');
  const parameters = JSON.stringify(request.parameters);
  for (let index = 0; index < count; index++) {
    const to = contact ?? `+1555${String(firstContact + (index % contacts)).padStart(7, '0')}`;
    // After n executions floor(n × share) are active: exact, and spread over the whole time.
    const isWanted = Math.floor((index + 1) * activeShare) > Math.floor(index * activeShare);
    const createdMs = Math.floor((fromMs + ((toMs - fromMs) * index) / count) / 1_000) * 1_000;
    // 1 to 600 s, in no visible order.
    const ranMs = (1 + ((index * 7_919) % LONGEST_RUN_S)) * 1_000;
    const endedMs = isWanted && !hasActive(to, from) ? NEVER : Math.min(createdMs + ranMs, nowMs);
    yield { flowSid, to, from, parameters, flowVersion, createdMs, endedMs };
  }
}
