import { type Answer, notFound } from '../answers.ts';
import type { Call, Simulation } from '../call.ts';
import { listAnswer, readPageRequest, slicePage } from '../paging.ts';
import { mix32 } from '../random.ts';
import { contextOf } from '../resources.ts';
import { sidOf } from '../store/sids.ts';
import { isoSeconds } from '../store/store.ts';
import { findRow } from './executions.ts';

/** Steps are made when they are asked for, the same ones each time. */
type Step = { sid: string; index: number };

const MOST_STEPS = 6;
const WIDGETS = ['send-message', 'split-based-on', 'make-http-request', 'send-and-wait-for-reply'];

function stepsOf({ behaviour, seed }: Simulation, row: number): Step[] {
  const count = behaviour.stepsPerExecution ?? 1 + (mix32(row ^ seed) % MOST_STEPS);
  return Array.from({ length: count }, (_, index) => ({
    // Each execution has its own salt, so that a step's SID holds under its execution only.
    sid: sidOf('FT', index, mix32(row + seed)),
    index,
  }));
}

function stepResource(simulation: Simulation, call: Call, row: number, { sid, index }: Step) {
  const createdS = simulation.store.executions.columns.createdS[row] ?? 0;
  const nameOf = (at: number) => (at < 0 ? 'Trigger' : `${WIDGETS[at % WIDGETS.length]}_${at + 1}`);
  const { origin, version, flowSid, executionSid } = call;
  const url = `${origin}/${version}/Flows/${flowSid}/Executions/${executionSid}/Steps/${sid}`;
  return {
    sid,
    account_sid: simulation.accountSid,
    flow_sid: simulation.store.executions.flowOf(row),
    execution_sid: executionSid,
    parent_step_sid: null,
    name: index === 0 ? 'incomingRequest' : 'success',
    context: simulation.behaviour.listedStepContexts ? contextOf(simulation, row) : {},
    transitioned_from: nameOf(index - 1),
    transitioned_to: nameOf(index),
    type: index === 0 ? 'trigger' : (WIDGETS[(index - 1) % WIDGETS.length] ?? null),
    date_created: isoSeconds((createdS + index) * 1_000),
    date_updated: null,
    url,
    links: { step_context: `${url}/Context` },
  };
}

/** Newest first, as executions. */
export function listSteps(simulation: Simulation, call: Call): Answer {
  const row = findRow(simulation, call);
  if (row === undefined) return notFound(call.path);
  const request = readPageRequest(simulation, call);
  if ('status' in request) return request;
  const page = slicePage(stepsOf(simulation, row).reverse(), request);
  const items = page.items.map((step) => JSON.stringify(stepResource(simulation, call, row, step)));
  return listAnswer(simulation, call, 'steps', request, { ...page, items });
}

export function fetchStep(simulation: Simulation, call: Call): Answer {
  const found = findStep(simulation, call);
  if (!found) return notFound(call.path);
  return { status: 200, body: stepResource(simulation, call, found.row, found.step) };
}

export function fetchStepContext(simulation: Simulation, call: Call): Answer {
  const found = findStep(simulation, call);
  if (!found) return notFound(call.path);
  return {
    status: 200,
    body: {
      account_sid: simulation.accountSid,
      context: contextOf(simulation, found.row),
      flow_sid: simulation.store.executions.flowOf(found.row),
      execution_sid: call.executionSid,
      step_sid: found.step.sid,
      url: call.origin + call.path,
    },
  };
}

function findStep(simulation: Simulation, call: Call): { row: number; step: Step } | undefined {
  const row = findRow(simulation, call);
  if (row === undefined) return undefined;
  const step = stepsOf(simulation, row).find(({ sid }) => sid === call.stepSid);
  return step && { row, step };
}
