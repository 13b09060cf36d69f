import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { requestLine } from '../../../../infra/local/terminal/log-lines.ts';
import {
  createPurgeProgress,
  endLine,
  progressLine,
} from '../../../../infra/local/terminal/purge-progress.ts';
import { createTerminal } from '../../../../infra/local/terminal/terminal.ts';
import { type ManualClock, manualClock } from '../../../support/local/clocks.ts';
import { eventually } from '../../../support/local/poll.ts';
import { onLoopback } from '../../../support/loopback.ts';

const id = 'pu01m81gbyx3sk598888tz1ezjja';
const counts = {
  listed: 5_000,
  matched: 1_200,
  archived: 0,
  ended: 0,
  deleted: 480,
  alreadyGone: 0,
  failed: 0,
};

describe('a line about a purge', () => {
  test('while it runs names what is not zero', () => {
    expect(progressLine({ id, status: 'running', counts }, 88, 1)).toBe(
      '  purge …1ezjja running: matched 1,200, deleted 480, 88/s (and 1 more)',
    );
    expect(
      progressLine({ id, status: 'running', counts: { ...counts, matched: 0, deleted: 0 } }, null, 0),
    ).toBe('  purge …1ezjja running: nothing matched yet');
  });

  test('at its end has the whole id, and takes two lines when one is too short', () => {
    expect(
      endLine({
        id,
        status: 'succeeded',
        counts: { ...counts, matched: 0, deleted: 0 },
        request: { dryRun: true },
      }),
    ).toBe(`  purge ${id} succeeded (dry run): nothing matched`);
    expect(endLine({ id, status: 'succeeded', counts: { ...counts, archived: 1_200, failed: 3 } })).toBe(
      `  purge ${id} succeeded:\n    matched 1,200, archived 1,200, deleted 480, failed 3`,
    );
  });
});

describe('progress', () => {
  let clock: ManualClock;
  let answer: unknown;
  let asked: number;
  /** Looks that were shown, and looks that were put on the clock. */
  let shown: number;
  let planned: number;
  let server: ReturnType<typeof createServer>;
  let url: string;
  let written: string[];

  beforeEach(async () => {
    clock = manualClock(0);
    asked = 0;
    shown = 0;
    planned = 0;
    written = [];
    server = createServer((_request, response) => {
      asked++;
      response.end(JSON.stringify(answer));
    });
    ({ url } = await onLoopback(server));
  });
  afterEach(() => server.close());

  function start(isTTY: boolean) {
    const terminal = createTerminal({ isTTY, columns: 80, write: (text) => written.push(text) });
    return createPurgeProgress({
      url,
      clock: {
        now: clock.now,
        after: (delayMs, work) => {
          planned++;
          return clock.after(delayMs, work);
        },
      },
      terminal: {
        line: terminal.line,
        status: (text) => {
          shown++;
          terminal.status(text);
        },
      },
    });
  }

  async function poll(): Promise<void> {
    const before = shown;
    clock.advance(500);
    await eventually(() => shown).toBe(before + 1);
  }

  test('is a line that changes, then one that stays, and told once', async () => {
    const progress = start(true);
    progress.watch();
    answer = { purges: [{ id, status: 'running', counts }] };
    await poll();
    expect(written.at(-1)).toBe('  purge …1ezjja running: matched 1,200, deleted 480');
    // How long the first step took was not seen.
    answer = { purges: [{ id, status: 'running', counts: { ...counts, deleted: 580 } }] };
    await poll();
    expect(written.at(-1)).toBe('  purge …1ezjja running: matched 1,200, deleted 580');
    answer = { purges: [{ id, status: 'running', counts: { ...counts, deleted: 680 } }] };
    await poll();
    expect(written.at(-1)).toBe('  purge …1ezjja running: matched 1,200, deleted 680, 200/s');
    answer = { purges: [{ id, status: 'succeeded', counts }] };
    await poll();
    await poll();
    expect(written.filter((text) => text.includes(id))).toHaveLength(1);
    progress.close();
  });

  test('stops asking when nothing runs any more', async () => {
    start(false).watch();
    answer = { purges: [] };
    for (let polls = 0; polls < 6; polls++) await poll();
    expect([asked, planned]).toEqual([6, 6]);
  });

  test('shows nothing for answers of another kind', async () => {
    start(false).watch();
    answer = { type: '/problems/unauthenticated' };
    await poll();
    expect(written.join('')).toBe('');
  });
});

describe('the terminal', () => {
  test('keeps the changing line below the others', () => {
    const written: string[] = [];
    const terminal = createTerminal({ isTTY: true, columns: 20, write: (text) => written.push(text) });
    terminal.status('running');
    terminal.line('a request');
    terminal.status('x'.repeat(40));
    terminal.status(null);
    const clear = '\r\u001b[2K';
    expect(written).toEqual(['running', clear, 'a request\n', 'running', clear, 'x'.repeat(19), clear]);
  });

  test('cuts what is seen, not what colours it', () => {
    const written: string[] = [];
    const coloured = (text: string) => `\u001b[36m${text}\u001b[39m`;
    const terminal = createTerminal({ isTTY: true, columns: 20, write: (text) => written.push(text) });
    terminal.status(coloured('x'.repeat(19)));
    expect(written).toEqual([coloured('x'.repeat(19))]);
    terminal.status(coloured('x'.repeat(20)));
    expect(written.at(-1)).toBe('x'.repeat(19));
  });

  test('cuts the changing line to 80 columns where the width is unknown', () => {
    const written: string[] = [];
    createTerminal({ isTTY: true, columns: 0, write: (text) => written.push(text) }).status('x'.repeat(90));
    expect(written).toEqual(['x'.repeat(79)]);
  });

  test('shows lines only where there is no terminal', () => {
    const written: string[] = [];
    const terminal = createTerminal({ write: (text) => written.push(text) });
    terminal.status('running');
    terminal.line('a request');
    expect(written.join('')).toBe('a request\n');
  });
});

describe('a line about a request', () => {
  const answered = {
    method: 'DELETE',
    path: `/flows/welcome/executions/FN${'0'.repeat(32)}/steps/FT${'1'.repeat(32)}/context`,
    routeKey: null,
    function: 'query',
    status: 200,
    durationMs: 12_345.6,
    userAgent: '',
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are taken away.
  const plain = (line: string) => line.replaceAll(/\u001b\[\d+m/g, '');

  test('fits into 80 columns, with both ends of the path', () => {
    const line = plain(requestLine(answered, 0));
    expect(line.length).toBeLessThanOrEqual(80);
    expect(line).toMatch(/ 200 DELETE \/flows\/welcome\/executions\/FN\S*…\S*1111\/context +12346 ms$/);
  });

  test('lets nothing into the terminal that is no text', () => {
    expect(plain(requestLine({ ...answered, path: '/a\u001b[31m' }, 0))).toContain('/a?[31m');
  });
});
