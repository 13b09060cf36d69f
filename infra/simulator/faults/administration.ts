import * as v from 'valibot';
import { parseJson } from '../../../lib/studio/json/json.ts';
import { fieldsOf } from '../../../lib/studio/json/parse.ts';
import type { Answer } from '../answers.ts';
import { type BehaviourChange, behaviourSchema } from './behaviour.ts';

const ADMINISTRATION = '/__simulator/';

export function isAdministrative(path: string): boolean {
  return path.startsWith(ADMINISTRATION);
}

/** What the administrative endpoint can do. */
export type Administration = {
  behave(change: BehaviourChange): void;
  behaviour(): unknown;
  counts(): unknown;
  requests(): unknown;
  seed(request: SeedBody): unknown;
  reset(): void;
};

const seedBody = v.strictObject({
  flowSid: v.pipe(v.string(), v.regex(/^FW[0-9a-fA-F]{32}$/, 'must be a flow SID')),
  count: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000_000)),
  dateCreatedFrom: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  dateCreatedTo: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  activeShare: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  contacts: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  firstContact: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  contact: v.optional(v.string()),
  sender: v.optional(v.string()),
  parameters: v.optional(v.record(v.string(), v.unknown())),
  flowVersion: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});
export type SeedBody = v.InferOutput<typeof seedBody>;
const changeBody = v.partial(behaviourSchema);

/** Without authentication: it is bound to loopback and there is nothing to protect. */
export function administer(
  administration: Administration,
  method: string,
  path: string,
  text: string,
): Answer {
  switch (`${method} ${path.slice(ADMINISTRATION.length)}`) {
    case 'GET behaviour':
      return { status: 200, body: administration.behaviour() };
    case 'POST behaviour':
      return withBody(changeBody, text, (change) => {
        administration.behave(onlyGiven(change));
        return administration.behaviour();
      });
    case 'POST seed':
      return withBody(seedBody, text, (request) =>
        administration.seed({ ...request, ...(request.parameters && parametersAsWritten(text)) }),
      );
    case 'GET counts':
      return { status: 200, body: administration.counts() };
    case 'GET requests':
      return { status: 200, body: administration.requests() };
    case 'GET state':
      return {
        status: 200,
        body: { behaviour: administration.behaviour(), counts: administration.counts() },
      };
    case 'POST reset':
      administration.reset();
      return { status: 200, body: administration.counts() };
    default:
      return {
        status: 404,
        body: { message: 'GET behaviour, counts, requests, state; POST behaviour, seed, reset' },
      };
  }
}

function withBody<S extends v.GenericSchema>(
  schema: S,
  text: string,
  act: (value: v.InferOutput<S>) => unknown,
): Answer {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    return { status: 400, body: { message: 'The body is not JSON' } };
  }
  const result = v.safeParse(schema, input);
  if (!result.success) {
    const mistakes = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'body'}: ${issue.message}`);
    return { status: 400, body: { message: mistakes.join('; ') } };
  }
  try {
    return { status: 200, body: act(result.output) };
  } catch (error) {
    if (error instanceof RangeError) return { status: 400, body: { message: error.message } };
    throw error;
  }
}

function parametersAsWritten(text: string): Pick<SeedBody, 'parameters'> {
  return { parameters: fieldsOf(fieldsOf(parseJson(text))?.['parameters']) };
}

/** `partial` lets a member be undefined; such a one is as good as left out. */
function onlyGiven(change: v.InferOutput<typeof changeBody>): BehaviourChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
