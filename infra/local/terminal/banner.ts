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

const TITLE_WIDTH = 14;
const LOCAL_TOKENS = LOCAL_CALLERS.map(({ token, scopes }) => [
  'Token',
  `${token.padEnd(TITLE_WIDTH)}${scopes.join(', ')}`,
]);

type Job = { title: string; command: string[] };

/** Used only where Studio is not simulated: nobody knows an active execution there. */
const ANY_EXECUTION = 'FN00000000000000000000000000000000';

export function banner(facts: BannerFacts): string {
  const { url, studio, faults, given, logs } = facts;
  const rows = [
    ['API', styleText('bold', url)],
    ['Docs', `${url}/docs`],
    ['Studio', studio],
    ...(faults === null ? [] : [['Faults', faults]]),
    ['AWS', given.length === 0 ? 'embedded stand-ins' : `embedded stand-ins but for ${given.join(', ')}`],
    ...(facts.foreignSecret === null ? LOCAL_TOKENS : [['Tokens', `in the secret ${facts.foreignSecret}`]]),
    ['Logs', logs],
    ['Keys', keysOf(facts)],
  ];
  return [
    '',
    styleText('bold', 'studio-executions is running'),
    '',
    ...rows.map(([name = '', value = '']) => `  ${styleText('dim', name.padEnd(8))}${value}`),
    ...jobs(facts).flatMap(({ title, command }) => [
      '',
      styleText('cyan', `# ${title}`),
      command.join(' \\\n  '),
    ]),
    '',
  ].join('\n');
}

function keysOf({ keys, realAccount }: BannerFacts): string {
  const purge = realAccount ? [] : ['s fires the purge schedule'];
  return [...(keys ? [...purge, 'c counts active executions'] : []), 'Ctrl-C stops'].join(', ');
}

function jobs({ url, flow, activeSid, foreignSecret, realAccount }: BannerFacts): Job[] {
  // curl takes http for granted, and 34 characters of SID leave no room for it.
  const api = url.replace('http://', '');
  const bearer = (token: string) =>
    `-H 'authorization: Bearer ${foreignSecret === null ? token : '<token>'}'`;
  const admin = bearer(LOCAL_ADMIN);
  const reader = bearer('local-reader');
  const json = "-H 'content-type: application/json'";
  const purge = (how: string) => [
    `curl ${api}/purges ${json}`,
    admin,
    `-d '{"flows":["${flow}"],"olderThan":"P7D",${how}}'`,
  ];
  return [
    {
      title: 'Trigger: the same key a second time starts no second execution',
      command: [
        `curl ${api}/flows/${flow}/executions`,
        admin,
        `${json} -H 'idempotency-key: order-1'`,
        `-d '{"to":"+12025550123","parameters":{"name":"Ada"}}'`,
      ],
    },
    {
      title: 'Find: what is running',
      command: [`curl '${api}/flows/${flow}/executions?status=active&limit=3'`, reader],
    },
    {
      title: 'End: one that is stuck',
      command: [`curl -X POST ${admin}`, `${api}/flows/${flow}/executions/${activeSid ?? ANY_EXECUTION}/end`],
    },
    { title: 'Purge: first what it would do', command: purge('"dryRun":true') },
    ...(realAccount
      ? []
      : [
          { title: 'Purge: then for good, archived before', command: purge('"archive":true,"dryRun":false') },
        ]),
    { title: 'Read what was archived', command: [`npm run --silent archive -- read --url ${url}`] },
    { title: 'Watch the purges', command: [`curl '${api}/purges?limit=2' ${admin}`] },
  ];
}
