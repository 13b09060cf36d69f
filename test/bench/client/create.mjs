import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import twilio from 'twilio';
import { createStudio } from '../../../lib/studio/client.ts';
import { CREDENTIALS, FLOW_SID, median, report } from '../support/harness.ts';
import { httpClientTo } from './twilio-http.mjs';

/** One create after the other, in turn by each contestant, each to a contact of its own. */
const [url, rounds] = process.argv.slice(2);
const WARM_UP_ROUNDS = 50;
const FROM = '+15550001111';
let contacts = 0;
const nextContact = () => `+1556${String(contacts++).padStart(7, '0')}`;

const agent = new Agent({ keepAlive: true });
const authorization = `Basic ${btoa(`${CREDENTIALS.username}:${CREDENTIALS.password}`)}`;
function bare() {
  const body = new URLSearchParams({ To: nextContact(), From: FROM }).toString();
  const headers = {
    authorization,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    request(`${url}/v2/Flows/${FLOW_SID}/Executions`, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text)));
    })
      .on('error', reject)
      .end(body);
  });
}

const studio = createStudio({ ...CREDENTIALS, baseUrl: url });
/** The trigger prepares a connection while it claims the key, so that no handshake is waited for. */
const CLAIM_MS = 5;
const prepare = () => {
  studio.prepare();
  return sleep(CLAIM_MS);
};
const ours = () => studio.executions.create(FLOW_SID, { to: nextContact(), from: FROM });

const client = twilio(CREDENTIALS.username, CREDENTIALS.password, {
  accountSid: CREDENTIALS.accountSid,
  httpClient: httpClientTo(url),
});
const theirs = () => client.studio.v2.flows(FLOW_SID).executions.create({ to: nextContact(), from: FROM });

const contestants = { bare, ours, prepared: ours, theirs };
const times = { bare: [], ours: [], prepared: [], theirs: [] };
await report(async () => {
  for (let round = -WARM_UP_ROUNDS; round < Number(rounds); round++) {
    for (const [name, create] of Object.entries(contestants)) {
      if (name === 'prepared') await prepare();
      const startedAt = performance.now();
      await create();
      if (round >= 0) times[name].push(performance.now() - startedAt);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
});
await studio.close();
agent.destroy();
