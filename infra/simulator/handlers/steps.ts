import { notFound } from '../answers.ts';
import type { Call } from '../operations.ts';
import { type Execution, isoSeconds, sidOf } from '../store/execution.ts';
import type { StudioState } from '../studio-state.ts';
import { executionOf } from './executions.ts';
import { listResource, readPageRequest, slicePage } from './paging.ts';
import { contextOf, contextResource } from './resources.ts';

/** Steps are made when they are asked for, the same ones each time. */
type Step = { sid: string; index: number };

const MOST_STEPS = 6;
const WIDGETS = ['send-message', 'split-based-on', 'make-http-request', 'send-and-wait-for-reply'];

function stepsOf(studio: StudioState, { sid }: Execution): Step[] {
  const count = studio.behaviour().stepsPerExecution ?? 1 + (Number.parseInt(sid.slice(-8), 16) % MOST_STEPS);
  return Array.from({ length: count }, (_, index) => ({
    sid: sidOf('FT', `${sid} ${index}`, studio.store.salt),
    index,
  }));
}

function stepResource(studio: StudioState, call: Call, execution: Execution, { sid, index }: Step) {
  const nameOf = (at: number) => (at < 0 ? 'Trigger' : `${WIDGETS[at % WIDGETS.length]}_${at + 1}`);
  const { origin, version, flowSid } = call;
  const url = `${origin}/${version}/Flows/${flowSid}/Executions/${execution.sid}/Steps/${sid}`;
  return {
    sid,
    account_sid: studio.accountSid,
    flow_sid: execution.flowSid,
    execution_sid: execution.sid,
    parent_step_sid: null,
    name: index === 0 ? 'incomingRequest' : 'success',
    context: studio.behaviour().listedStepContexts ? contextOf(execution) : {},
    transitioned_from: nameOf(index - 1),
    transitioned_to: nameOf(index),
    type: index === 0 ? 'trigger' : (WIDGETS[(index - 1) % WIDGETS.length] ?? null),
    date_created: isoSeconds(execution.createdMs + index * 1_000),
    date_updated: null,
    url,
    links: { step_context: `${url}/Context` },
  };
}

/** Newest first, as executions. */
export function listSteps(studio: StudioState, call: Call): unknown {
  const execution = executionOf(studio, call);
  const request = readPageRequest(studio, call);
  const page = slicePage(stepsOf(studio, execution).reverse(), request);
  const resource = (step: Step) => stepResource(studio, call, execution, step);
  return listResource(studio, call, 'steps', request, page, resource);
}

export function fetchStep(studio: StudioState, call: Call): unknown {
  const execution = executionOf(studio, call);
  return stepResource(studio, call, execution, stepOf(studio, call, execution));
}

export function fetchStepContext(studio: StudioState, call: Call): unknown {
  const execution = executionOf(studio, call);
  const { sid } = stepOf(studio, call, execution);
  return { ...contextResource(studio, call, execution), step_sid: sid };
}

function stepOf(studio: StudioState, call: Call, execution: Execution): Step {
  const step = stepsOf(studio, execution).find(({ sid }) => sid === call.stepSid);
  if (!step) throw notFound(call.path);
  return step;
}
