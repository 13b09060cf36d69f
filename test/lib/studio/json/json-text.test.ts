import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonText, parseAroundContexts } from '../../../../lib/studio/json/json-text.ts';
import { collect, EXECUTION, FLOW, failureOf, STEP, story } from '../../../support/studio/stories.ts';

const space = fc.constantFrom('', ' ', '\n', '\r\n\t');
/** JSON as others write it: with members `context`, white space, escapes and odd numbers in it. */
const json = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      '1.0',
      '-0',
      '9007199254740993',
      '1e400',
      'true',
      'null',
      '"\\u00e9\\/\\"}"',
      '"\u2028é"',
    ),
    fc.json({ maxDepth: 1 }),
    fc.array(tie('value'), { maxLength: 3 }).map((all) => `[${all}]`),
    fc
      .array(fc.tuple(fc.constantFrom('"context"', '"c\\u006fntext"', '"a"'), space, tie('value')), {
        maxLength: 3,
      })
      .map((all) => `{${all.map(([name, blank, value]) => `${name}${blank}:${blank}${value}${blank}`)}}`),
  ),
})).value;

/** The parsed value with every JsonText parsed too, or that it is not JSON. */
function outcomeOf(parse: (json: string) => unknown, text: string): unknown {
  const parsed = (value: unknown): unknown => {
    if (value instanceof JsonText) return JSON.parse(value.json);
    if (Array.isArray(value)) return value.map(parsed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, parsed(one)]));
  };
  try {
    return { value: parsed(parse(text)) };
  } catch (error) {
    return error instanceof SyntaxError ? 'not JSON' : error;
  }
}

const text = fc.tuple(space, json, space).map((parts) => parts.join(''));

describe('JSON that is read around its contexts', () => {
  test('is what JSON.parse makes of it, in one line', () => {
    fc.assert(
      fc.property(text, (one) => {
        expect(outcomeOf(parseAroundContexts, one)).toEqual(outcomeOf(JSON.parse, one));
        const read = parseAroundContexts(`{"context":${one}}`);
        const { context } = read as { context: JsonText };
        expect(context.json.trim()).toBe(one.replaceAll(/[\r\n]/g, ' ').trim());
      }),
      { numRuns: 2_000 },
    );
  });

  test('is refused where JSON.parse refuses it, whatever was changed in it', () => {
    const other = fc.constantFrom(
      '',
      '"',
      ',',
      ':',
      '\\',
      '0',
      '1',
      '.',
      'e',
      '-',
      '[',
      ']',
      '{',
      '}',
      '\u0001',
      '\u00a0',
      '\n',
    );
    fc.assert(
      fc.property(text, fc.nat(), fc.nat(2), other, (one, place, removed, added) => {
        const at = place % (one.length + 1);
        const changed = one.slice(0, at) + added + one.slice(at + removed);
        for (const whole of [changed, `{"context":${changed}}`, `[{"context": ${changed},"a":1}]`])
          expect(outcomeOf(parseAroundContexts, whole)).toEqual(outcomeOf(JSON.parse, whole));
      }),
      { numRuns: 5_000 },
    );
  });

  test('may have a text of millions of characters, escapes or digits', () => {
    for (const part of ['a', '\\n', '\\"', 'é']) {
      const long = JSON.stringify({ context: [part.repeat(3_000_000)] });
      expect(outcomeOf(parseAroundContexts, long)).toEqual(outcomeOf(JSON.parse, long));
    }
  });
});

test('a context is read as text on request, where it fits the request', async () => {
  const asText = { contextAsText: true };
  const context = '{"price": 1.50,"big":9007199254740993}';
  const named = (sid: string) => ({ status: 200, body: `{"execution_sid":"${sid}","context":${context}}` });
  const steps = `{"steps":[{"sid":"${STEP}","context":${context}},{"sid":"${STEP.replace('3', '4')}"}]}`;
  const { studio } = await story([
    named(EXECUTION),
    named(`FN${'9'.repeat(32)}`),
    { status: 200, body: steps },
  ]);
  const read = await studio.executions.context(FLOW, EXECUTION, asText);
  expect(read).toMatchObject({ executionSid: EXECUTION, context: new JsonText(context) });
  expect(await failureOf(studio.executions.context(FLOW, EXECUTION, asText))).toMatchObject({
    kind: 'nonsense',
  });
  const listed = await collect(studio.steps.list(FLOW, EXECUTION, {}, asText));
  expect(listed.map((step) => step.context)).toEqual([new JsonText(context), null]);
});
