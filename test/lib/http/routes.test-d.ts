import { describe, expectTypeOf, test } from 'vitest';
import type { Request } from '../../../lib/http/request.ts';
import type { ParameterOf, Route } from '../../../lib/http/routes.ts';

describe('the route table', () => {
  test('takes no route without a scope', () => {
    expectTypeOf<{ function: 'query'; scope: 'read' }>().toExtend<Route>();
    expectTypeOf<{ function: 'query' }>().not.toExtend<Route>();
    expectTypeOf<{ function: 'query'; scope: 'write' }>().not.toExtend<Route>();
  });

  test('gives the names of a path’s parameters', () => {
    expectTypeOf<ParameterOf<'POST /flows/{flow}/executions/{execution}/end'>>().toEqualTypeOf<
      'flow' | 'execution'
    >();
    expectTypeOf<ParameterOf<'GET /health'>>().toBeNever();
  });
});

describe('a request', () => {
  test('has the body, the flow and the parameters of its route', () => {
    type Trigger = Request<'POST /flows/{flow}/executions'>;
    expectTypeOf<Trigger['body']['to']>().toEqualTypeOf<string>();
    expectTypeOf<Trigger['flow']['sid']>().toEqualTypeOf<string>();
    expectTypeOf<Trigger['params']>().not.toHaveProperty('execution');
    expectTypeOf<Request<'DELETE /flows/{flow}/executions/{execution}'>['params']>().toHaveProperty(
      'execution',
    );
  });

  test('has a caller unless its route is public', () => {
    expectTypeOf<Request<'GET /flows'>['caller']['name']>().toEqualTypeOf<string>();
    expectTypeOf<Request<'GET /health'>['caller']>().not.toHaveProperty('name');
  });
});
