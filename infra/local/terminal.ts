/** The terminal of `npm start`: lines, and one line below them that changes in place. */
export type Terminal = {
  line(text: string): void;
  /** null takes it away. On something that is no terminal only `line` shows. */
  status(text: string | null): void;
};

type Stream = { isTTY?: boolean; columns?: number; write(text: string): unknown };

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
      status = text?.slice(0, (stream.columns ?? 80) - 1) ?? null;
      if (status !== null) draw(status);
    },
  };
}
