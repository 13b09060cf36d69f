import { expect, test } from 'vitest';
import { operations } from '../../infra/simulator/operations.ts';
import { readDocument } from './openapi-document.ts';

const SIDS: Record<string, string> = { FlowSid: 'FW', ExecutionSid: 'FN', StepSid: 'FT' };

/** A path of the documents with the SIDs of their patterns in the place of its parameters. */
function example(path: string, parameters: { name: string; schema: Record<string, unknown> }[]): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'Revision') return '1';
    const pattern = String(parameters.find((one) => one.name === name)?.schema['pattern'] ?? '');
    return `${SIDS[name] ?? pattern.slice(1, 3)}${'a'.repeat(32)}`;
  });
}

test.each(['v2', 'v1'] as const)(
  'the simulated Studio has every operation of %s, and no other',
  (version) => {
    // Engagements are deprecated by Twilio and left out.
    const documented = readDocument(version).operations.filter(({ path }) => !path.includes('Engagement'));
    expect(documented).toHaveLength(version === 'v2' ? 19 : 12);

    const found = documented.map(({ method, path, parameters }) => {
      const url = example(path, parameters);
      return operations.find((one) => one.method === method && one.pattern.test(url))?.name;
    });

    expect(found).toEqual(documented.map(({ operationId }) => operationId));
    const ours = operations.filter(({ pattern }) =>
      pattern.source.includes(version === 'v2' ? 'v2' : 'v[12]'),
    );
    const both = operations.filter(({ pattern }) => pattern.source.includes('v[12]'));
    expect(version === 'v2' ? ours.length + both.length : both.length).toBe(documented.length);
  },
);
