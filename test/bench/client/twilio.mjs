import pLimit from 'p-limit';
import twilio from 'twilio';
import { CREDENTIALS, FLOW_SID, report } from '../support/harness.ts';
import { httpClientTo } from './twilio-http.mjs';

/** Twilio's Node SDK, as its users write it. */
const [job, url, count] = process.argv.slice(2);
const client = twilio(CREDENTIALS.username, CREDENTIALS.password, {
  accountSid: CREDENTIALS.accountSid,
  httpClient: httpClientTo(url ?? ''),
});
// By SID, as Twilio's documentation does it: in twilio 6.2.0 the listed instances cannot remove themselves.
const { executions } = client.studio.v2.flows(FLOW_SID);

const jobs = {
  list: async () => ({ listed: (await executions.list({ pageSize: 1_000 })).length }),

  each: () =>
    new Promise((resolve, reject) => {
      let listed = 0;
      executions.each({
        pageSize: 1_000,
        callback: () => {
          listed++;
        },
        done: (error) => (error ? reject(error) : resolve({ listed })),
      });
    }),

  'delete-one-by-one': async () => {
    const all = await executions.list({ pageSize: 1_000, limit: Number(count) });
    for (const { sid } of all) await executions(sid).remove();
    return { deleted: all.length };
  },

  'delete-50-in-flight': async () => {
    const limit = pLimit(50);
    const all = await executions.list({ pageSize: 1_000, limit: Number(count) });
    const settled = await Promise.allSettled(all.map(({ sid }) => limit(() => executions(sid).remove())));
    return { deleted: settled.filter(({ status }) => status === 'fulfilled').length };
  },
};
const work = jobs[job ?? ''];
if (!work) throw new Error(`unknown job ${job}`);
await report(work);
