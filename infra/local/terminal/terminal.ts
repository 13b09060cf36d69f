import { stripVTControlCharacters } from 'node:util';

/** Lines, and one line below them that changes in place. */
export type Terminal = {
  line(text: string): void;
  /** Shows the changing line at a terminal; null removes it. */
  status(text: string | null): void;
};

type Stream = { isTTY?: boolean; columns?: number; write(text: string): unknown };

/** For a terminal that does not report its width. */
const USUAL_COLUMNS = 80;
const CLEAR_LINE = '\r\u001b[2K';

export function createTerminal(stream: Stream): Terminal {
  let status: string | null = null;
  const draw = (text: string) => stream.write(stream.isTTY ? text : '');
  return {
    line(text) {
      if (status !== null) draw(CLEAR_LINE);
      stream.write(`${text}\n`);
      if (status !== null) draw(status);
    },
    status(text) {
      if (status !== null) draw(CLEAR_LINE);
      status = text === null ? null : withinColumns(text, (stream.columns || USUAL_COLUMNS) - 1);
      if (status !== null) draw(status);
    },
  };
}

/** Cuts a text that is too long, without its colours. */
function withinColumns(text: string, columns: number): string {
  const plain = stripVTControlCharacters(text);
  return plain.length <= columns ? text : plain.slice(0, columns);
}
