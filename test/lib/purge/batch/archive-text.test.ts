import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { upstreamOf } from '../../../../lib/purge/batch/upstream.ts';
import { archivedIn } from '../../../support/purge/ports/archived.ts';
import { createPurgedStudio, sidOf } from '../../../support/purge/studio/in-process.ts';
import { createWorldOf, NOON, WELCOME } from '../../../support/purge/world.ts';
import { type Reply, story } from '../../../support/studio/stories.ts';

/** What the archive makes of the JSON that Studio answers, as it comes over a socket. */

const DAY_MS = 86_400_000;

/** Archives executions 0, 1, …, whose contexts have these texts, each with one step that has the same. */
async function archiveOf(contexts: readonly string[]) {
  const memory = createPurgedStudio();
  for (const number of contexts.keys())
    memory.add({ sid: sidOf(number), flowSid: WELCOME, createdMs: NOON - 8 * DAY_MS - number * 1_000 });
  const { studio } = await story(({ url }): Reply => {
    const sid = /FN[0-9a-f]{32}/.exec(url)?.[0] ?? '';
    const context = contexts[Number.parseInt(sid.slice(2), 16)];
    const resource = `"flow_sid":"${WELCOME}","execution_sid":"${sid}","context":${context}`;
    const step = `{"sid":"FT${sid.slice(2)}",${resource}}`;
    return {
      status: 200,
      body: url.includes('/Context') ? `{${resource}}` : `{"steps":[${step}],"meta":{}}`,
    };
  });
  const { context, steps } = upstreamOf(studio, {});
  const world = createWorldOf({ ...memory.upstream, context, steps });
  const record = await world.purge({ olderThan: 'P7D', archive: true });
  return { record, memory, world };
}

test('a context that is nested too deeply to be written is a failure of that execution only', async () => {
  const deep = `${'['.repeat(6_000)}${']'.repeat(6_000)}`;
  const { record, memory, world } = await archiveOf(['{}', deep, '{}']);
  expect(record).toMatchObject({ status: 'failed', counts: { archived: 2, deleted: 2, failed: 1 } });
  expect(record.failures).toEqual([{ sid: sidOf(1), reason: 'archive: nonsense' }]);
  expect(archivedIn(world)).toHaveLength(2);
  expect(memory.in('ended').map(({ sid }) => sid)).toEqual([sidOf(1)]);
});

test('contexts are archived as they were written, one execution in a line', async () => {
  const contexts = ['{"price":1.50,\n  "text":"a\\nb"}', 'null', '[1e400,{"context":{}}]'];
  const { record, world } = await archiveOf(contexts);
  expect(record).toMatchObject({ status: 'succeeded', counts: { archived: 3, deleted: 3 } });
  const lines = [...world.objects.values()].flatMap((object) => gunzipSync(object).toString().split('\n'));
  expect(lines.pop()).toBe('');
  expect(lines).toHaveLength(3);
  for (const line of lines) {
    const { execution } = JSON.parse(line);
    const text = contexts[Number.parseInt(execution.sid.slice(2), 16)]?.replace('\n', ' ');
    const flow = `"flowSid":"${WELCOME}"`;
    const step = line.indexOf(',"steps":[');
    expect(line.slice(line.indexOf(',"context":'), step)).toBe(
      `,"context":{"accountSid":null,"context":${text},"executionSid":"${execution.sid}",${flow},"url":null}`,
    );
    expect(line.slice(step)).toContain(
      `"parentStepSid":null,"name":null,"context":${text},"transitionedFrom"`,
    );
    expect(line.endsWith('}]}')).toBe(true);
  }
});
