import type { TransportFailure, TransportRequest, TransportResult } from './transport.ts';

/** What the carrier of a request tells of it; what comes after its end is not listened to. */
export type Exchange = {
  /**
   * The first byte is about to leave. false: it must not, since it was given up or may not leave any more.
   * `close` closes the connection, on which half an answer may be.
   */
  leave(close: () => void): boolean;
  /** The answer has begun. */
  begin(status: number, header: (name: string) => string | undefined): void;
  data(chunk: Buffer): void;
  end(): void;
  error(error: Error): void;
};

/**
 * One request and its answer, whoever carries them. Ends when the answer does, its time is over or one of the
 * signals says so. Rejects with what the network cannot have caused: that is a bug.
 */
export function exchange(
  request: TransportRequest,
  signals: readonly AbortSignal[],
  carry: (exchange: Exchange) => Promise<unknown>,
): Promise<TransportResult> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let sent = false;
    let done = false;
    let status: number | undefined;
    let header: (name: string) => string | undefined = () => undefined;
    let close: (() => void) | undefined;

    const finish = () => {
      done = true;
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', onAbort);
    };
    const fail = (failure: TransportFailure, cause: unknown) => {
      if (done) return;
      finish();
      resolve({ ok: false, failure, sent, status, header, cause });
      close?.();
    };
    const onAbort = () => fail('aborted', signals.find(({ aborted }) => aborted)?.reason);
    const timer =
      request.timeoutMs === undefined
        ? undefined
        : setTimeout(() => fail('timeout', undefined), request.timeoutMs);
    if (signals.some(({ aborted }) => aborted)) return onAbort();
    for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });

    carry({
      leave: (closeConnection) => {
        if (!done && !request.mayLeave()) fail('timeout', undefined);
        if (done) return false;
        sent = true;
        close = closeConnection;
        return true;
      },
      begin: (statusCode, headerOf) => {
        status = statusCode;
        header = headerOf;
      },
      data: (chunk) => {
        length += chunk.length;
        if (length > request.maxBodyBytes) return fail('oversized', undefined);
        chunks.push(chunk);
      },
      end: () => {
        if (done || status === undefined) return;
        finish();
        resolve({ ok: true, status, header, body: Buffer.concat(chunks, length) });
      },
      error: (error) => {
        if (done) return;
        const failure = failureOf(error);
        // A parser's error quotes what it could not read, which may be personal.
        if (failure) return fail(failure, failure === 'garbled' ? undefined : error);
        finish();
        reject(error);
      },
    }).catch((bug: unknown) => {
      finish();
      reject(bug);
    });
  });
}

/** Told by code; an error that the network cannot have caused is a bug, and is thrown as it is. */
function failureOf(error: Error): TransportFailure | undefined {
  if (error.name === 'HTTPParserError') return 'garbled';
  if (!('code' in error) || typeof error.code !== 'string') return undefined;
  const { code } = error;
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') return 'garbled';
  if (code === 'UND_ERR_SOCKET' || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'connection';
  // Node's own: ECONNREFUSED, ENOTFOUND, EPIPE …, and those of TLS and certificates.
  return code.startsWith('UND_ERR') ? undefined : 'connection';
}
