import { mix32 } from '../random.ts';
import { ACTIVE, ENDED } from './columns.ts';
import type { Executions } from './executions.ts';

/** What to seed; the same request into an empty store gives the same executions, SIDs included. */
export type SeedRequest = {
  flowSid: string;
  count: number;
  /** Evenly spread from here on (ISO 8601); default: a day before `dateCreatedTo`. Equal to it: all in one second. */
  dateCreatedFrom?: string | undefined;
  /** … to before here; default: now. */
  dateCreatedTo?: string | undefined;
  /** Share of active ones, 0 to 1; default 0. A contact that has an active one already gets an ended one. */
  activeShare?: number | undefined;
  /** How many different contacts; default: one for each execution. */
  contacts?: number | undefined;
  /** The number of the first made-up contact (+1555 and seven digits); default: those not used yet. */
  firstContact?: number | undefined;
  /** This one address instead of made-up ones. */
  contact?: string | undefined;
  sender?: string | undefined;
  parameters?: Record<string, unknown> | undefined;
  flowVersion?: number | undefined;
};

export type SeedResult = { active: number; ended: number; firstSid: string | null; lastSid: string | null };

const DAY_MS = 86_400_000;
const DEFAULT_SENDER = '+15017122661';
const LONGEST_RUN_S = 600;

/** `nextContact` is the first made-up contact that no seed used yet. Throws a RangeError on nonsense. */
export function seedExecutions(
  executions: Executions,
  request: SeedRequest,
  nowMs: number,
  nextContact: number,
): SeedResult {
  const { count } = request;
  const toMs = request.dateCreatedTo === undefined ? nowMs : Date.parse(request.dateCreatedTo);
  const fromMs = request.dateCreatedFrom === undefined ? toMs - DAY_MS : Date.parse(request.dateCreatedFrom);
  if (!(fromMs >= 0 && fromMs <= toMs))
    throw new RangeError('dateCreatedFrom and dateCreatedTo must be dates after 1970, in this order');
  const share = request.activeShare ?? 0;
  const contacts = Math.max(1, request.contacts ?? count);
  const firstContact = request.firstContact ?? nextContact;
  const onlyContact = request.contact === undefined ? null : executions.contacts.numberOf(request.contact);
  const flow = executions.flowNumber(request.flowSid);
  const sender = executions.senders.numberOf(request.sender ?? DEFAULT_SENDER);
  const parameters = request.parameters
    ? executions.parameters.push(JSON.stringify(request.parameters)) - 1
    : 0;
  const firstRow = executions.columns.length;
  let active = 0;
  executions.columns.reserve(count);
  for (let index = 0; index < count; index++) {
    const contact = onlyContact ?? firstContact + (index % contacts);
    // Spread so that after n executions floor(n × share) are active: exact, and no block of one kind.
    const wanted = Math.floor((index + 1) * share) > Math.floor(index * share);
    const isActive = wanted && executions.findActive(contact, sender) === undefined;
    const createdS = Math.floor((fromMs + ((toMs - fromMs) * index) / count) / 1_000);
    const ranS = 1 + (mix32(firstRow + index) % LONGEST_RUN_S);
    if (isActive) active++;
    executions.add({
      flow,
      contact,
      sender,
      state: isActive ? ACTIVE : ENDED,
      createdS,
      updatedS: isActive ? 0 : Math.max(createdS, Math.min(createdS + ranS, Math.floor(nowMs / 1_000))),
      endsAtMs: 0,
      flowVersion: request.flowVersion ?? 1,
      parameters,
    });
  }
  return {
    active,
    ended: count - active,
    firstSid: count > 0 ? executions.sidOf(firstRow) : null,
    lastSid: count > 0 ? executions.sidOf(firstRow + count - 1) : null,
  };
}
