import type { Answer } from '../answers.ts';
import type { Fault } from './behaviour.ts';

/** What reaches the client of an answer. */
export type Delivery = {
  /** Null: no answer begins. */
  status: number | null;
  headers: Record<string, string>;
  body: string;
  /**
   * What follows the body: its end, or the end of the connection, or nothing while the connection stays open,
   * or white space (a byte at a time for ever, as fast as it is read for ever, or 50 MB and then the end).
   */
  end: 'whole' | 'closed' | 'silent' | 'dripping' | 'endless' | 'huge';
};

const JSON_TYPE = { 'Content-Type': 'application/json;charset=utf-8' };

/** How each fault that spoils the body of the right answer ends, and whether half of the body comes. */
const SPOILT: Partial<Record<Fault['kind'], { end: Delivery['end']; isHalf: boolean }>> = {
  'cut-body': { end: 'closed', isHalf: true },
  'truncated-json': { end: 'whole', isHalf: true },
  'endless-body': { end: 'endless', isHalf: true },
  'dripping-body': { end: 'dripping', isHalf: true },
  'huge-body': { end: 'huge', isHalf: false },
};

/** Such a fault comes after the work. */
export function spoilsBody({ kind }: Fault): boolean {
  return SPOILT[kind] !== undefined;
}

export function deliveryOf({ status, body, headers = {} }: Answer, fault: Fault | null): Delivery {
  if (fault?.kind === 'cut' || fault?.kind === 'hang')
    return { status: null, headers: {}, body: '', end: fault.kind === 'cut' ? 'closed' : 'silent' };
  const spoilt = fault && SPOILT[fault.kind];
  if (body === undefined && !spoilt) return { status, headers, body: '', end: 'whole' };
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
  const { end, isHalf } = spoilt ?? { end: 'whole', isHalf: false };
  return {
    status: body === undefined ? 200 : status,
    headers: { ...JSON_TYPE, ...headers },
    body: isHalf ? text.slice(0, Math.ceil(text.length / 2)) : text,
    end,
  };
}
