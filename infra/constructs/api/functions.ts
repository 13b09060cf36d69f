import type { Construct } from 'constructs';
import type { FunctionName } from '../../../lib/http/routes.ts';
import type { EnvironmentOf } from './environments.ts';
import { type Permissions, permissionsOf } from './permissions.ts';
import { reservedBy } from './reserved.ts';
import { StudioFunction, type StudioFunctionProps } from './studio-function.ts';

export type FunctionsProps = Pick<StudioFunctionProps, 'bundlesDirectory' | 'settings' | 'key'> & {
  environments: EnvironmentOf;
  given: Permissions;
};

/** The functions behind the API, each with its own role, environment and log group. */
export function functionsBehindApi(
  scope: Construct,
  props: FunctionsProps,
): Record<FunctionName, StudioFunction> {
  const { environments, given, ...common } = props;
  const { trigger: reserved } = reservedBy(common.settings);
  const of = (name: FunctionName, description: string) => ({
    ...common,
    name,
    description,
    environment: environments[name],
    permissions: permissionsOf[name](given),
  });
  return {
    trigger: new StudioFunction(scope, 'Trigger', {
      ...of('trigger', 'Triggers an execution, exactly once'),
      ...(reserved !== undefined && { reservedConcurrentExecutions: reserved }),
    }),
    query: new StudioFunction(scope, 'Query', of('query', 'Finds flows, executions and their steps')),
    end: new StudioFunction(scope, 'End', of('end', 'Ends an execution')),
    delete: new StudioFunction(scope, 'Delete', of('delete', 'Deletes an execution')),
    purge: new StudioFunction(scope, 'Purge', of('purge', 'Starts, shows and stops purges')),
  };
}
