import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import type { StoredObject } from '../../../infra/local/aws/s3-objects.ts';
import { STEPS_EACH } from './plan.ts';
import type { Existing } from './protocol.ts';

/** What the archive of a purge holds. */
export type Archived = {
  whole: ReadonlySet<string>;
  /** Lines that are not all of their execution. */
  broken: string[];
  /** That `npm run archive` would print more than once. */
  repeated: string[];
};

const lineSchema = v.object({
  execution: v.object({ sid: v.string(), flowSid: v.string(), contactChannelAddress: v.string() }),
  context: v.object({
    executionSid: v.string(),
    context: v.object({ trigger: v.object({ request: v.object({ to: v.string() }) }) }),
  }),
  steps: v.array(v.object({ sid: v.string(), executionSid: v.string() })),
});

export function readArchive(objects: readonly StoredObject[], existed: readonly Existing[]): Archived {
  const known = new Map(existed.map((one) => [one.sid, one]));
  const whole = new Set<string>();
  const broken: string[] = [];
  const repeated: string[] = [];
  // What a worker has stored that died before it could say so stays beside what another stored of the same slice.
  const ofSeveral = new Set<string>();
  for (const slice of Map.groupBy(objects, ({ key }) => key.replace(/-[^-]*$/, '')).values())
    for (const { key, bytes } of slice)
      for (const text of gunzipSync(bytes).toString().trimEnd().split('\n')) {
        const line = v.safeParse(lineSchema, JSON.parse(text));
        if (!line.success || !isWhole(line.output, known)) broken.push(`${key}: ${text.slice(0, 80)}`);
        else {
          const { sid } = line.output.execution;
          if (whole.has(sid) && !ofSeveral.has(sid)) repeated.push(sid);
          whole.add(sid);
          if (slice.length > 1) ofSeveral.add(sid);
        }
      }
  return { whole, broken, repeated };
}

/** Context and steps are this very execution's, and all of them are there. */
function isWhole(line: v.InferOutput<typeof lineSchema>, known: Map<string, Existing>): boolean {
  const { execution, context, steps } = line;
  const existing = known.get(execution.sid);
  return (
    existing?.flowSid === execution.flowSid &&
    existing.to === execution.contactChannelAddress &&
    context.executionSid === execution.sid &&
    context.context.trigger.request.to === existing.to &&
    new Set(steps.map(({ sid }) => sid)).size === STEPS_EACH &&
    steps.every(({ executionSid }) => executionSid === execution.sid)
  );
}
