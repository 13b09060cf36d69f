import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type DeployedFunction, permissionsOf } from '../../../infra/constructs/api/permissions.ts';
import { tableUse } from '../../../infra/constructs/api/table-use.ts';
import { settingsSchema } from '../../../infra/constructs/deployment-settings.ts';
import { Storage } from '../../../infra/constructs/storage/storage.ts';
import { partitionOf } from '../../../lib/aws/table/partitions.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const functions = readdirSync(join(root, 'functions'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length));

/** The AWS calls that the code makes, by the SDK's commands; a new one must be added here to be allowed. */
const ACTION_OF: Record<string, string> = {
  GetSecretValue: 'secretsmanager:GetSecretValue',
  DeleteItem: 'dynamodb:DeleteItem',
  GetItem: 'dynamodb:GetItem',
  PutItem: 'dynamodb:PutItem',
  Query: 'dynamodb:Query',
  UpdateItem: 'dynamodb:UpdateItem',
  PutObject: 's3:PutObject',
  Invoke: 'lambda:InvokeFunction',
};
/** What the durable SDK calls by itself. */
const OF_DURABLE_RUNS = ['lambda:CheckpointDurableExecution', 'lambda:GetDurableExecutionState'];

const deployed = Object.keys(tableUse) as DeployedFunction[];

/** A file and everything of this repository that it imports at run time. */
function withImports(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const source = readFileSync(file, 'utf8');
  const imports = source.matchAll(
    /^(?:import|export)\s+(type\s)?[^;'"]*?from\s+'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm,
  );
  for (const [, type, path, lazyPath] of imports) {
    const imported = type ? undefined : (path ?? lazyPath);
    if (imported) withImports(join(dirname(file), imported), seen);
  }
  return seen;
}

function sourcesOf(name: string): string[] {
  return [...withImports(join(root, 'functions', `${name}.ts`))].map((file) => readFileSync(file, 'utf8'));
}

/** Each partition of the table that is named in the function's code, with `*` for an id. */
function partitionsInCode(name: string): string[] {
  const makers = new Map<string, (id: string) => string>(Object.entries(partitionOf));
  const named = sourcesOf(name).flatMap((source) => [...source.matchAll(/\bpartitionOf\.(\w+)/g)]);
  return [...new Set(named.map(([, maker = '']) => makers.get(maker)?.('*') ?? maker))].toSorted();
}

function actionsInCode(name: string): string[] {
  const sources = sourcesOf(name);
  const commands = sources.flatMap((source) =>
    [...source.matchAll(/\bnew (\w+)Command\(/g)].map(([, one]) => one ?? ''),
  );
  const durable = sources.some((source) => source.includes('withDurableExecution(')) ? OF_DURABLE_RUNS : [];
  return [...new Set([...commands.map((one) => ACTION_OF[one] ?? `unknown: ${one}`), ...durable])].toSorted();
}

function actionsAllowed(name: DeployedFunction): string[] {
  const stack = new Stack(new App(), 'Test');
  const storage = new Storage(stack, 'Storage', { settings: v.parse(settingsSchema, {}), key: undefined });
  const worker = { functionName: 'worker', functionArn: 'worker', aliasArn: 'worker:live' };
  const statements = permissionsOf(name, { storage, worker });
  return [...new Set(statements.flatMap(({ actions }) => actions))].toSorted();
}

describe('least privilege', () => {
  it('every function of the repository is deployed, and no other', () => {
    expect(deployed.toSorted()).toEqual(functions.toSorted());
  });

  it.each(deployed)('%s may make the calls that stand in its code, and no others', (name) => {
    expect(actionsAllowed(name)).toEqual(actionsInCode(name));
  });

  it.each(Object.entries(tableUse))(
    '%s may use the partitions that its code names, and no others',
    (name, uses) => {
      expect(uses.map(({ partition }) => partition).toSorted()).toEqual(partitionsInCode(name));
    },
  );

  it('no partition has its name typed elsewhere', () => {
    const typed = functions
      .flatMap(sourcesOf)
      .flatMap((source) => source.match(/\bpk'?: \{ S: (?!partitionOf\.).*/g) ?? []);
    expect(typed).toEqual([]);
  });
});
