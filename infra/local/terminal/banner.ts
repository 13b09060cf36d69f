import { styleText } from 'node:util';
import { LOCAL_ADMIN, LOCAL_CALLERS } from '../caller-tokens.ts';
import type { Service } from '../endpoints.ts';

/** What `npm start` says once it is up: 80 columns, every line to be copied as it stands. */

export type BannerFacts = {
  url: string;
  /** In words, e.g. `simulated, 504 executions`. */
  studio: string;
  /** Where the simulated Studio is told to misbehave; null where it is another one. */
  faults: string | null;
  /** Which services are not stand-ins of this run. */
  given: readonly Service[];
  /** The id of a secret that was there already, whose callers are not known here. */
  foreignSecret: string | null;
  logs: string;
  flow: string;
  activeSid: string | null;
  /** Whether it is a real account: then nothing is printed that deletes in it when it is pasted. */
  realAccount: boolean;
  /** Whether single keys are listened to. */
  keys: boolean;
};

const TOKEN_WIDTH = 14;
const LOCAL_TOKENS = LOCAL_CALLERS.map(({ token, scopes }) => [
  'Token',
  `${token.padEnd(TOKEN_WIDTH)}${scopes.join(', ')}`,
]);

/** Stands in the example where no active execution is known. */
const ANY_EXECUTION = 'FN00000000000000000000000000000000';

export function banner(facts: BannerFacts): string {
  const { url, studio, faults, given, logs, foreignSecret } = facts;
  const rows = [
    ['API', styleText('bold', url)],
    ['Docs', `${url}/docs`],
    ['Studio', studio],
    ...(faults === null ? [] : [['Faults', faults]]),
    ['AWS', given.length === 0 ? 'embedded stand-ins' : `embedded stand-ins but for ${given.join(', ')}`],
    ...(foreignSecret === null ? LOCAL_TOKENS : [['Tokens', `in the secret ${foreignSecret}`]]),
    ['Logs', logs],
    ['Keys', keysOf(facts)],
  ];
  return [
    '',
    styleText('bold', 'studio-executions is running'),
    '',
    ...rows.map(([name = '', value = '']) => `  ${styleText('dim', name.padEnd(8))}${value}`),
    '',
    jobs(facts).replaceAll(/^# .*$/gm, (title) => styleText('cyan', title)),
  ].join('\n');
}

function keysOf({ keys, realAccount }: BannerFacts): string {
  const purge = realAccount ? [] : ['s fires the purge schedule'];
  return [...(keys ? [...purge, 'c counts active executions'] : []), 'Ctrl-C stops'].join(', ');
}

function jobs({ url, flow, activeSid, foreignSecret, realAccount }: BannerFacts): string {
  // curl assumes http, and 34 characters of SID leave no room for it.
  const api = url.replace('http://', '');
  const [admin, reader] = [LOCAL_ADMIN, 'local-reader'].map(
    (token) => `-H 'authorization: Bearer ${foreignSecret === null ? token : '<token>'}'`,
  );
  const json = "-H 'content-type: application/json'";
  const purge = (title: string, how: string) => `# Purge: ${title}
curl ${api}/purges ${json} \\
  ${admin} \\
  -d '{"flows":["${flow}"],"olderThan":"P7D",${how}}'
`;
  const forGood = purge('then for good, archived before', '"archive":true,"dryRun":false');
  return `# Trigger: the same key a second time starts no second execution
curl ${api}/flows/${flow}/executions \\
  ${admin} \\
  ${json} -H 'idempotency-key: order-1' \\
  -d '{"to":"+12025550123","parameters":{"name":"Ada"}}'

# Find: what is running
curl '${api}/flows/${flow}/executions?status=active&limit=3' \\
  ${reader}

# End: one that is stuck
curl -X POST ${admin} \\
  ${api}/flows/${flow}/executions/${activeSid ?? ANY_EXECUTION}/end

${purge('first what it would do', '"dryRun":true')}
${realAccount ? '' : `${forGood}\n`}# Read what was archived
npm run --silent archive -- read --url ${url}

# Watch the purges
curl '${api}/purges?limit=2' ${admin}
`;
}
