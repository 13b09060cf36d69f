import type { Call, Simulation } from '../call.ts';
import { ACTIVE } from '../store/columns.ts';
import { sidOf } from '../store/sids.ts';
import { isoSeconds } from '../store/store.ts';

/**
 * Writes executions as JSON; the fields are those of Twilio's OpenAPI documents. A page has a thousand of them,
 * and while it is written nobody else is answered: hence text, without an object for each.
 */
export function executionWriter({ accountSid, store }: Simulation, call: Call): (row: number) => string {
  const { executions } = store;
  const { columns, contacts, salt } = executions;
  const isV2 = call.version === 'v2';
  const account = JSON.stringify(accountSid);
  const flows = JSON.stringify(`${call.origin}/${call.version}/Flows/`).slice(0, -1);
  const writeDate = dateWriter();
  return (row) => {
    const state = executions.stateOf(row) === ACTIVE ? 'active' : 'ended';
    const contact = columns.contact[row] ?? 0;
    const sid = executions.sidOf(row);
    const flowSid = executions.flowOf(row);
    const url = `${flows}${flowSid}/Executions/${sid}`;
    const origin = isV2
      ? `"flow_version":${columns.flowVersion[row]},"initiated_by":"${sidOf('RQ', row, salt)}",`
      : '';
    return (
      `{"sid":"${sid}","account_sid":${account},"flow_sid":"${flowSid}","context":{},` +
      `"contact_channel_address":${JSON.stringify(contacts.addressOf(contact))},` +
      `"contact_sid":"${sidOf('FC', contact, salt)}",${origin}"status":"${state}",` +
      `"date_created":${writeDate(columns.createdS[row] ?? 0)},` +
      `"date_updated":${columns.updatedS[row] ? writeDate(columns.updatedS[row]) : null},` +
      `"url":${url}","links":{"steps":${url}/Steps","execution_context":${url}/Context"}}`
    );
  };
}

const HOUR_S = 3_600;

/** One hour's dates have their beginning in common, and a page's dates are of a few hours. */
function dateWriter(): (seconds: number) => string {
  const beginnings = new Map<number, string>();
  const two = (value: number) => (value < 10 ? `0${value}` : value);
  return (seconds) => {
    const hour = Math.floor(seconds / HOUR_S);
    let beginning = beginnings.get(hour);
    if (beginning === undefined) {
      beginning = isoSeconds(hour * HOUR_S * 1_000).slice(0, 'YYYY-MM-DDTHH:'.length);
      beginnings.set(hour, beginning);
    }
    const inHour = seconds % HOUR_S;
    return `"${beginning}${two(Math.floor(inHour / 60))}:${two(inHour % 60)}Z"`;
  };
}
