import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson, plainNumber } from '../../../../lib/studio/json/json.ts';
import {
  collect,
  EXECUTION,
  execution,
  FLOW,
  failureOf,
  STEP,
  story,
} from '../../../support/studio/stories.ts';

const digits = fc.stringMatching(/^\d{1,25}$/);
/** Every number that JSON knows (RFC 8259, section 6). */
const number = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: digits.map((text) => text.replace(/^0+(?=\d)/, '')),
    fraction: fc.oneof(
      fc.constant(''),
      digits.map((text) => `.${text}`),
    ),
    exponent: fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?\d{1,3}$/)),
  })
  .map(({ sign, whole, fraction, exponent }) => sign + whole + fraction + exponent);
const space = fc.constantFrom('', ' ', '\n\t');

describe('numbers', () => {
  test('of every spelling stay as they were written, wherever they stand', () => {
    fc.assert(
      fc.property(number, space, (one, blank) => {
        expect(JSON.stringify(parseJson(blank + one + blank))).toBe(one);
        const text = `{"a":${blank}${one}${blank},"b":[${blank}${one},${blank}${one}]}`;
        expect(JSON.stringify(parseJson(text))).toBe(`{"a":${one},"b":[${one},${one}]}`);
      }),
      {
        numRuns: 2_000,
        examples: ['0.0000001', '0.000001', '1.000000000000001', '0.1', '-0.0', '1e21', '100', '-1.10'].map(
          (one): [string, string] => [one, ''],
        ),
      },
    );
  });

  test('in texts are texts, and everything else is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = `[${JSON.stringify(value)},"1.0",1.0]`;
        expect(JSON.stringify(parseJson(text))).toBe(text);
      }),
    );
  });

  test('are read as doubles where arithmetic is done with them', () => {
    expect(plainNumber(parseJson('1e3'))).toBe(1_000);
    expect([plainNumber(3), plainNumber('1.0'), plainNumber(null)]).toEqual([3, '1.0', null]);
  });
});

const ODD = '{"big":9007199254740993,"deep":[{"price":1.50}]}';
const reply = (text: string) => ({
  status: 200,
  body: text,
  headers: { 'content-type': 'application/json' },
});
const TOO_DEEP = 'Studio answered something that is not JSON, or is nested too deeply';
/** The resource with `name` set to the JSON `text`. */
const withJson = (name: string, text: string, fields: object = {}) =>
  reply(JSON.stringify({ sid: EXECUTION, ...fields, [name]: '?' }).replace('"?"', text));

describe('what Studio answers keeps its numbers', () => {
  test('in contexts, steps and definitions', async () => {
    const { studio } = await story([
      withJson('context', ODD, { execution_sid: EXECUTION }),
      withJson('context', ODD, { step_sid: STEP }),
      withJson('context', ODD, { sid: STEP }),
      withJson('steps', `[{"sid":"${STEP}","context":${ODD}}]`),
      withJson('definition', ODD, { sid: FLOW }),
      withJson('revisions', `[{"sid":"${FLOW}","revision":2.0,"definition":${ODD}}]`),
    ]);
    const read: unknown[] = [
      (await studio.executions.context(FLOW, EXECUTION)).context,
      (await studio.steps.context(FLOW, EXECUTION, STEP)).context,
      (await studio.steps.fetch(FLOW, EXECUTION, STEP)).context,
    ];
    for await (const step of studio.steps.list(FLOW, EXECUTION)) read.push(step.context);
    read.push((await studio.flows.fetch(FLOW)).definition);
    for await (const { revision, definition } of studio.revisions.list(FLOW)) {
      expect(revision).toBe(2);
      read.push(definition);
    }
    expect(read.map((one) => JSON.stringify(one))).toEqual(Array.from({ length: 6 }, () => ODD));
  });

  test('and a definition is sent with those that it was read with', async () => {
    const { studio, requests } = await story([withJson('definition', ODD, { sid: FLOW })]);
    await studio.flows.update(FLOW, { status: 'draft', definition: parseJson(ODD) });
    expect(new URLSearchParams(requests[0]?.body).get('Definition')).toBe(ODD);
  });

  test.each(['1.0', '1'])('too deep to be written again is refused, with %s in it', async (number) => {
    const nested = (depth: number) => `${'[{"]}\\"[":'.repeat(depth / 2)}${number}${'}]'.repeat(depth / 2)}`;
    const deep = nested(6_000);
    const { studio } = await story([
      withJson('context', nested(998)),
      withJson('context', deep),
      withJson('context', deep, { sid: STEP }),
      withJson('steps', `[{"sid":"${STEP}","context":${deep}}]`),
      withJson('definition', deep, { sid: FLOW }),
    ]);
    const { context } = await studio.executions.context(FLOW, EXECUTION);
    expect(JSON.stringify(context)).toBe(nested(998));
    for (const call of [
      () => studio.executions.context(FLOW, EXECUTION),
      () => studio.steps.fetch(FLOW, EXECUTION, STEP),
      () => collect(studio.steps.list(FLOW, EXECUTION)),
      () => studio.flows.fetch(FLOW),
    ]) {
      const { kind, message } = await failureOf(call());
      expect([kind, message]).toEqual(['nonsense', TOO_DEEP]);
    }
  });

  test('too deep to keep them does not matter in lists of executions', async () => {
    const deep = `${'['.repeat(20_000)}1.0${']'.repeat(20_000)}`;
    const page = withJson(
      'executions',
      `[${JSON.stringify(execution()).replace('"context":null', `"context":${deep}`)}]`,
    );
    const { studio } = await story([page]);
    for await (const { sid } of studio.executions.list(FLOW)) expect(sid).toBe(EXECUTION);
  });
});
