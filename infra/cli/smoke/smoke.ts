import { randomUUID } from 'node:crypto';
import { isRecipient, RECIPIENT_RULE } from '../../../lib/studio/addresses.ts';
import { createApi } from '../api.ts';
import { type Options, readArguments, UsageError } from '../args.ts';
import { say } from '../io.ts';
import { isLocal, targetOf, urlOf } from '../target.ts';
import { main, type Tool } from '../tool.ts';
import { smoke } from './run.ts';

const HELP = `
Does the README's jobs against an API, on one execution of a test flow.

  npm run smoke -- --url https://… --flow test --to +12025550123

  --flow ALIAS   the test flow: one execution of it is really started
  --to ADDRESS   the contact: whatever the flow sends goes there
  --url URL      the API; else STUDIO_API_URL, else http://127.0.0.1:3000
  --help

The token comes from STUDIO_API_TOKEN, or is asked for; it needs trigger, read,
end and purge, and read:personal to read the context.
A local run needs neither --flow nor --to. Where infra/config.ts sets iam, API
Gateway asks for signatures of AWS, which smoke has none of: nothing is started.
Ends with 0 when every step passed, 1 when one failed, 2 when asked wrongly.
`;

const LOCAL_FLOW = 'welcome';
const LOCAL_CONTACT = '+12025550199';

const options = {
  flow: { type: 'string' },
  to: { type: 'string', check: (value) => (isRecipient(value) ? null : RECIPIENT_RULE) },
  url: { type: 'string' },
} as const satisfies Options;

/** Whether what was deployed does its jobs. */
export const smokeTool: Tool = {
  name: 'smoke',
  help: HELP,
  async run(argv, io) {
    const { values } = readArguments(argv, options);
    const local = isLocal(urlOf(values.url, io));
    const flow = values.flow ?? (local ? LOCAL_FLOW : '');
    const to = values.to ?? (local ? LOCAL_CONTACT : '');
    const missing = [
      flow === '' && '--flow is missing: one execution of it is really started',
      to === '' && '--to is missing: whatever the flow sends goes there',
    ].filter((mistake) => mistake !== false);
    if (missing.length > 0) throw new UsageError(missing);
    const api = createApi(await targetOf(values.url, io), io);
    say(io, `  ${api.url}`, `  flow ${flow}, contact ${to}`, '');
    return (await smoke(api, io, { flow, to, key: `smoke-${randomUUID()}` })) ? 0 : 1;
  },
};

if (import.meta.main) await main(smokeTool);
