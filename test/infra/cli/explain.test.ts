import { expect, test } from 'vitest';
import { ApiProblem, explained } from '../../../infra/cli/api.ts';
import { Failed } from '../../../infra/cli/tool.ts';

const linesOf = (status: number) => {
  const told = explained(new ApiProblem(status, null, undefined));
  return told instanceof Failed ? told.lines : [];
};

test.each([
  [403, 'API Gateway asks for signatures of AWS'],
  [404, 'Is this the address of the API?'],
])('a %i in other words than the API’s says what is likely wrong', (status, hint) => {
  expect(linesOf(status)).toEqual([
    `The answer is not one of this API (${status})`,
    expect.stringContaining(hint),
  ]);
});
