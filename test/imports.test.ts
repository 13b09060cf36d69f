import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

type Import = { from: string; to: string; typeOnly: boolean };

/** The source files below `folder`, as paths from the root of the repository. */
function sourcesIn(folder: string): string[] {
  return globSync(`${folder}/**/*.{ts,tsx,js,mjs,cjs}`, {
    cwd: root,
    exclude: (path) => path.includes('node_modules'),
  }).map((file) => file.replaceAll('\\', '/'));
}

const readSource = (file: string) => readFileSync(join(root, file), 'utf8');

/** Every import below `folder`, with relative ones resolved from the root of the repository. */
function importsOf(folder: string): Import[] {
  return sourcesIn(folder).flatMap((from) => importsIn(readSource(from), from));
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

/** Every folder of lib but studio may import these. */
const shared = ['config', 'telemetry'];

/** What each folder may import, besides itself. */
const rules: { folder: string; may: string[]; awsAllowed?: boolean }[] = [
  { folder: 'functions', may: ['lib'], awsAllowed: true },
  { folder: 'lib/studio', may: [] },
  { folder: 'lib/config', may: libs('studio') },
  { folder: 'lib/telemetry', may: libs('config') },
  { folder: 'lib/census', may: libs(...shared, 'studio') },
  { folder: 'lib/idempotency', may: libs(...shared) },
  { folder: 'lib/trigger', may: libs(...shared, 'idempotency', 'studio') },
  { folder: 'lib/purge', may: libs(...shared, 'idempotency', 'studio') },
  {
    folder: 'lib/http',
    may: libs(...shared, 'trigger', 'purge', 'idempotency', 'studio'),
    awsAllowed: true,
  },
  {
    folder: 'lib/aws',
    may: libs(...shared, 'trigger', 'purge', 'idempotency', 'studio', 'census'),
    awsAllowed: true,
  },
];

function libs(...folders: string[]): string[] {
  return folders.map((folder) => `lib/${folder}`);
}

/** Files that reach one another by their imports, a line for each group. */
function circlesIn(imports: Map<string, string[]>): string[] {
  const reached = new Map([...imports.keys()].map((file) => [file, reachedFrom(file, imports)]));
  const circles = [...reached]
    .filter(([file, files]) => files.has(file))
    .map(([file, files]) =>
      [...files]
        .filter((other) => reached.get(other)?.has(file))
        .toSorted()
        .join(' '),
    );
  return [...new Set(circles)].toSorted();
}

function reachedFrom(start: string, imports: Map<string, string[]>): Set<string> {
  const reached = new Set<string>();
  const open = [...(imports.get(start) ?? [])];
  for (const file of open) {
    if (reached.has(file)) continue;
    reached.add(file);
    open.push(...(imports.get(file) ?? []));
  }
  return reached;
}

describe('who may import whom', () => {
  it('names every folder of lib', () => {
    const named = rules.map(({ folder }) => folder).filter((folder) => folder.startsWith('lib/'));
    expect(readdirSync(join(root, 'lib')).map((folder) => `lib/${folder}`)).toEqual(named.toSorted());
  });

  it.each(rules)('$folder keeps to its neighbours', ({ folder, may, awsAllowed = false }) => {
    const allowed = [folder, ...may];
    const strays = importsOf(folder).filter(
      ({ to }) =>
        (ours.test(to) && !allowed.some((place) => to.startsWith(`${place}/`))) ||
        (!awsAllowed && aws.test(to)),
    );
    expect(strays).toEqual([]);
  });

  it('the stack takes from the code only types, routes, names of metrics and partitions, and configuration', () => {
    const strays = importsOf('infra').filter(
      ({ from, to, typeOnly }) =>
        !/^infra\/(local|cli|simulator)\//.test(from) &&
        !typeOnly &&
        /^(functions|lib)\//.test(to) &&
        !/^lib\/(http\/(routes|problems|openapi)\.ts|aws\/table\/partitions\.ts|(config|telemetry|census)\/)/.test(
          to,
        ),
    );
    expect(strays).toEqual([]);
  });

  it('the simulated Studio takes from the code only how JSON is read and written', () => {
    const strays = importsOf('infra/simulator').filter(
      ({ to }) => ours.test(to) && !/^(infra\/simulator\/|lib\/studio\/json\/)/.test(to),
    );
    expect(strays).toEqual([]);
  });

  it('nothing that ships imports Twilio’s SDK, the tests or the infrastructure', () => {
    const strays = ['functions', 'lib']
      .flatMap(importsOf)
      .filter(({ to }) => /^(twilio$|test\/|infra\/)/.test(to));
    expect(strays).toEqual([]);
  });

  it('no file imports itself by way of others, not even its types', () => {
    const found = Map.groupBy(['functions', 'lib', 'infra'].flatMap(importsOf), ({ from }) => from);
    const imports = new Map([...found].map(([from, all]) => [from, all.map(({ to }) => to)]));
    expect(circlesIn(imports)).toEqual([]);
  });

  it('sees a circle when there is one', () => {
    const imports = { a: ['b'], b: ['c', 'd'], c: ['a'], d: ['e'], e: [] };
    expect(circlesIn(new Map(Object.entries(imports)))).toEqual(['a b c']);
  });

  it('sees a stray when there is one', () => {
    const [stray] = importsIn("import { handler } from '../../functions/end.ts';", 'lib/studio/a.ts');
    expect(stray).toEqual({ from: 'lib/studio/a.ts', to: 'functions/end.ts', typeOnly: false });
  });
});

describe('the size of things', () => {
  const MAX_FILES = 12;
  const MAX_LINES = 300;

  it(`no folder has more than ${MAX_FILES} source files`, () => {
    const files = Map.groupBy(['functions', 'lib', 'infra', 'test'].flatMap(sourcesIn), posix.dirname);
    const full = [...files].filter(([, { length }]) => length > MAX_FILES).map(([folder]) => folder);
    expect(files.size).toBeGreaterThan(50);
    expect(full).toEqual([]);
  });

  it(`no file has more than ${MAX_LINES} lines`, () => {
    const long = ['functions', 'lib', 'infra']
      .flatMap(sourcesIn)
      .filter((file) => readSource(file).split('\n').length - 1 > MAX_LINES);
    expect(long).toEqual([]);
  });
});
