import { expect, test } from 'vitest';
import { judgeAnswer, judgeRequest, untypedSchemas } from './openapi.ts';

const FLOW = `FW${'a'.repeat(32)}`;
const EXECUTION = `FN${'a'.repeat(32)}`;
const ACCOUNT = `AC${'a'.repeat(32)}`;
const base = `https://studio.twilio.com/v2/Flows/${FLOW}/Executions`;
const none = new URLSearchParams();

const execution = {
  sid: EXECUTION,
  account_sid: ACCOUNT,
  flow_sid: FLOW,
  context: {},
  contact_channel_address: '+18001234567',
  contact_sid: `FC${'a'.repeat(32)}`,
  flow_version: 1,
  status: 'active',
  date_created: '2015-07-30T20:00:00Z',
  date_updated: null,
  initiated_by: `RQ${'a'.repeat(32)}`,
  url: `${base}/${EXECUTION}`,
  links: { steps: `${base}/${EXECUTION}/Steps`, execution_context: `${base}/${EXECUTION}/Context` },
};

test("the six schemas of v2's document without a type are the ones that are let pass", () => {
  expect(untypedSchemas.v2).toHaveLength(6);
  expect(untypedSchemas.v2.map((at) => at.split('/').at(-1))).toEqual([
    'context',
    'context',
    'context',
    'context',
    'definition',
    'definition',
  ]);
});

test("Twilio's own example of a created execution is accepted", () => {
  expect(judgeAnswer('CreateExecution', 201, execution)).toEqual([]);
  expect(
    judgeRequest('POST', base, new URLSearchParams({ To: '+18001234567', From: '+18001234568' })),
  ).toEqual({
    operation: 'CreateExecution',
    mistakes: [],
  });
});

test.each([
  ['a SID of another kind', { ...execution, flow_sid: EXECUTION }, '/flow_sid must match pattern'],
  ['a status that does not exist', { ...execution, status: 'running' }, '/status must be equal to one of'],
  ['a date without a time', { ...execution, date_created: '2015-07-30' }, '/date_created must match format'],
  ['a null where none may be', { ...execution, status: null }, '/status must be'],
  ['a link that is no URL', { ...execution, links: { steps: 'Steps' } }, '/links/steps must match format'],
  ['a member left out', { ...execution, url: undefined }, "must have required property 'url'"],
  ['a member made up', { ...execution, external_id: 'x' }, 'external_id'],
])('an answer with %s is caught', (_, body, mistake) => {
  const answer: unknown = JSON.parse(JSON.stringify(body));
  expect(judgeAnswer('CreateExecution', 201, answer).join('\n')).toContain(mistake);
  const meta = { page: 0, page_size: 50, first_page_url: base, previous_page_url: null, url: base };
  const page = { executions: [answer], meta: { ...meta, next_page_url: null, key: 'executions' } };
  expect(judgeAnswer('ListExecution', 200, page).join('\n')).toContain(mistake);
});

test('a status that the operation does not have is caught, and an error without its members', () => {
  expect(judgeAnswer('CreateExecution', 200, execution)).toEqual(['CreateExecution never answers 200']);
  expect(judgeAnswer('DeleteExecution', 204, {})).toEqual(['DeleteExecution 204 has no body']);
  expect(judgeAnswer('FetchExecution', 404, { message: 'gone' }).join()).toContain(
    "required property 'code'",
  );
});

test.each([
  ['GET', `${base}?Status=active`, none, 'Status'],
  ['GET', `${base}?status=Active`, none, '/status must be equal to one of'],
  ['GET', `${base}?PageSize=1001`, none, '/PageSize must be <= 1000'],
  ['GET', `${base}?DateCreatedFrom=yesterday`, none, '/DateCreatedFrom must match format'],
  ['GET', `${base}/${FLOW}`, none, '/Sid must match pattern'],
  ['PATCH', base, none, 'is no operation'],
  ['POST', base, new URLSearchParams({ To: '+18001234567' }), "required property 'From'"],
  ['POST', base, new URLSearchParams({ To: '1', From: '2', ExternalId: '3' }), 'ExternalId'],
  [
    'POST',
    `${base}/${EXECUTION}`,
    new URLSearchParams({ Status: 'Ended' }),
    '/Status must be equal to one of',
  ],
])('the request %s %s is caught', (method, url, form, mistake) => {
  expect(judgeRequest(method, url, form).mistakes.join('\n')).toContain(mistake);
});
