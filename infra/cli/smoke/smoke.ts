import { randomUUID } from 'node:crypto';
import { isRecipient, RECIPIENT_RULE } from '../../../lib/studio/addresses.ts';
import { createApi } from '../api.ts';
import { type Options, readArguments, UsageError, urlOption } from '../arguments.ts';
import { say } from '../io.ts';
import { isLocal, targetOf, urlOf } from '../target.ts';
import type { Tool } from '../tool.ts';
import { smoke } from './run.ts';

const LOCAL_FLOW = 'welcome';
const LOCAL_CONTACT = '+12025550199';

const options = {
  flow: { flags: '--flow <alias>', help: 'the test flow: one execution of it is really started' },
  to: {
    flags: '--to <address>',
    help: 'the contact: whatever the flow sends goes there',
    check: (value) => (isRecipient(value) ? null : RECIPIENT_RULE),
  },
  url: urlOption,
} as const satisfies Options;

/** Finds out whether what was deployed does its jobs. */
export const smokeTool: Tool = {
  name: 'smoke',
  usage: '--url https://… --flow test --to +12025550123',
  about: "Does the README's jobs against an API, on one execution of a test flow.",
  options,
  notes: `
The token comes from STUDIO_API_TOKEN, or is asked for; it needs trigger, read,
end and purge, and read:personal to read the context.
A local run needs neither --flow nor --to. Where infra/config.ts sets iam, API
Gateway asks for signatures of AWS, which smoke has none of: nothing is started.
Ends with 0 when every step passed, 1 when one failed, 2 when asked wrongly.`,
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
