import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

type Import = { from: string; to: string; typeOnly: boolean };

/** Every import below `folder`, with relative ones resolved from the root of the repository. */
function importsOf(folder: string): Import[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const from = posix.join(folder, file.replaceAll('\\', '/'));
      return importsIn(readFileSync(join(root, from), 'utf8'), from);
    });
}

function importsIn(source: string, from: string): Import[] {
  const statements = source.matchAll(
    /^(?:import|export)\s+(type\s)?[^;'"]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
  );
  return [...statements].map(([, type, named, bare, dynamic]) => {
    const to = named ?? bare ?? dynamic ?? '';
    return {
      from,
      to: to.startsWith('.') ? posix.join(posix.dirname(from), to) : to,
      typeOnly: type !== undefined,
    };
  });
}

const ours = /^(functions|lib|infra|test)\//;
const aws = /^(@aws-sdk\/|@aws\/|aws-lambda$)/;

/** What may be imported from where: the rules of the house, in the order of its folders. */
const rules: { folder: string; may: RegExp; mayAsType?: RegExp; awsAllowed: boolean }[] = [
  { folder: 'functions', may: /^lib\//, awsAllowed: true },
  { folder: 'lib/studio', may: /^lib\/studio\//, awsAllowed: false },
  { folder: 'lib/trigger', may: /^lib\/(trigger\/|studio\/|[^/]+\.ts$)/, awsAllowed: false },
  { folder: 'lib/purge', may: /^lib\/(purge\/|studio\/|[^/]+\.ts$)/, awsAllowed: false },
  {
    folder: 'lib/http',
    may: /^lib\/(http\/|studio\/|[^/]+\.ts$)/,
    // What a job came to is turned into its answer here, exhaustively.
    mayAsType: /^lib\/(trigger|purge)\//,
    awsAllowed: true,
  },
  { folder: 'lib/aws', may: /^lib\/(aws\/|trigger\/|purge\/|studio\/|[^/]+\.ts$)/, awsAllowed: true },
];

describe('who may import whom', () => {
  it.each(rules)('$folder keeps to its neighbours', ({ folder, may, mayAsType, awsAllowed }) => {
    const strays = importsOf(folder).filter(
      ({ to, typeOnly }) =>
        (ours.test(to) && !may.test(to) && !(typeOnly && mayAsType?.test(to))) ||
        (!awsAllowed && aws.test(to)),
    );
    expect(strays).toEqual([]);
  });

  it('the stack takes from the code only types, routes, partition keys and what checks the configuration', () => {
    const strays = importsOf('infra').filter(
      ({ from, to, typeOnly }) =>
        !/^infra\/(local|cli)\//.test(from) &&
        !typeOnly &&
        /^(functions|lib)\//.test(to) &&
        !/^lib\/(http\/(routes|openapi)\.ts|aws\/partitions\.ts|[^/]+\.ts)$/.test(to),
    );
    expect(strays).toEqual([]);
  });

  it('nothing that ships imports Twilio’s SDK, the tests or the infrastructure', () => {
    const strays = ['functions', 'lib']
      .flatMap(importsOf)
      .filter(({ to }) => /^(twilio$|test\/|infra\/)/.test(to));
    expect(strays).toEqual([]);
  });

  it('sees a stray when there is one', () => {
    const [stray] = importsIn("import { handler } from '../../functions/end.ts';", 'lib/studio/a.ts');
    expect(stray).toEqual({ from: 'lib/studio/a.ts', to: 'functions/end.ts', typeOnly: false });
  });
});
