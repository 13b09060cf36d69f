import type { Config, ConfiguredFlow } from '../../config/configuration.ts';
import { findFlow } from '../../config/configuration.ts';
import { momentBefore, parseDuration } from '../../config/duration.ts';
import type { Execution } from '../../studio/types.ts';
import {
  countsLeft,
  type PurgeAction,
  type PurgedFlow,
  type PurgeRequest,
  type StatusFilter,
  type Window,
} from '../record/record.ts';
import { isoSecond } from '../record/times.ts';
import { type ContactKey, isOneOf } from './contact-key.ts';

const SECOND_MS = 1_000;

/**
 * Resolves the window. Studio's times are whole seconds, so a beginning is rounded up and an end down: what
 * may be too young is kept. A request without an end (a contact's erasure) includes the second of the
 * request.
 */
export function resolveWindow(
  request: Pick<PurgeRequest, 'olderThan' | 'dateCreatedFrom' | 'dateCreatedTo'>,
  nowMs: number,
): Window {
  const endOfNowMs = (Math.floor(nowMs / SECOND_MS) + 1) * SECOND_MS;
  const askedToMs =
    request.olderThan === null ? momentOf(request.dateCreatedTo) : ageToMoment(request.olderThan, nowMs);
  const fromMs = momentOf(request.dateCreatedFrom);
  return {
    from: fromMs === null ? null : isoSecond(Math.ceil(fromMs / SECOND_MS) * SECOND_MS),
    to: isoSecond(Math.min(endOfNowMs, Math.floor((askedToMs ?? endOfNowMs) / SECOND_MS) * SECOND_MS)),
  };
}

function ageToMoment(olderThan: string, nowMs: number): number {
  const age = parseDuration(olderThan);
  if (!age) throw new RangeError(`Not an ISO 8601 duration: ${olderThan}`);
  // An age that is longer than the calendar selects nothing.
  const moment = momentBefore(nowMs, age);
  return Number.isNaN(moment) ? 0 : Math.max(0, moment);
}

function momentOf(text: string | null): number | null {
  return text === null ? null : Date.parse(text);
}

export function resolveFlows(flows: PurgeRequest['flows'], config: Config): PurgedFlow[] {
  const chosen: (ConfiguredFlow | undefined)[] =
    flows === 'all' ? config.flows : flows.map((name) => findFlow(config, name));
  const bySid = new Map(chosen.filter((flow) => flow !== undefined).map((flow) => [flow.sid, flow]));
  return [...bySid.values()].map(({ alias, sid }) => ({ alias, sid }));
}

/** Only active executions can be ended. */
export function effectiveStatus(status: StatusFilter, action: PurgeAction): StatusFilter {
  return action === 'end' && status === 'any' ? 'active' : status;
}

export type Matcher = {
  inWindow(execution: Execution): boolean;
  /** Whether it is in the window and has a requested status and contact. */
  matches(execution: Execution): boolean;
  /** Whether it is of a requested contact and is kept because it is active. */
  isLeft(execution: Execution): boolean;
};

/** Filters again what Studio filters, because Studio may ignore a filter. */
export function matcherOf(
  { request, window }: { request: PurgeRequest; window: Window },
  contactKey: ContactKey | null,
): Matcher {
  const status = effectiveStatus(request.status, request.action);
  const fromMs = window.from === null ? null : Date.parse(window.from);
  const toMs = Date.parse(window.to);
  const ageWasAsked = (request.olderThan ?? request.dateCreatedFrom ?? request.dateCreatedTo) !== null;

  const inWindow = ({ dateCreated }: Execution): boolean => {
    const createdMs = Date.parse(dateCreated ?? '');
    // An execution without a date has no age.
    if (Number.isNaN(createdMs)) return !ageWasAsked;
    return createdMs < toMs && (fromMs === null || createdMs >= fromMs);
  };
  const hasStatus = (execution: Execution) => status === 'any' || execution.status === status;
  const isOfContact = ({ contactChannelAddress }: Execution) =>
    request.contact === null ||
    (contactKey !== null &&
      contactChannelAddress !== null &&
      isOneOf(contactKey, request.contact, contactChannelAddress));

  return {
    inWindow,
    matches: (execution) => inWindow(execution) && hasStatus(execution) && isOfContact(execution),
    isLeft: (execution) =>
      countsLeft(request) && execution.status === 'active' && inWindow(execution) && isOfContact(execution),
  };
}
