import { stripVTControlCharacters } from 'node:util';

/** The terminal of `npm start`: lines, and one line below them that changes in place. */
export type Terminal = {
  line(text: string): void;
  /** null takes it away. On something that is no terminal only `line` shows. */
  status(text: string | null): void;
};

type Stream = { isTTY?: boolean; columns?: number; write(text: string): unknown };

/** A terminal that does not know its width says 0 or nothing. */
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

/** What is too long loses its colours too, which take no column. */
function withinColumns(text: string, columns: number): string {
  const plain = stripVTControlCharacters(text);
  return plain.length <= columns ? text : plain.slice(0, columns);
}
