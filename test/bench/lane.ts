import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * One keep-alive connection that asks for one thing after the other. A whole HTTP client would cost the machine more than the
 * servers that are measured; this one reads what both of them answer: a head, a content-length, a body.
 */
export interface Lane {
  /** @returns the status */
  ask(request: Buffer): Promise<number>;
  close(): void;
}

/** The bytes of a request without a body. */
export function requestBytes(method: string, url: URL): Buffer {
  return Buffer.from(
    `${method} ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n\r\n`,
  );
}

export async function openLane(origin: URL): Promise<Lane> {
  const socket: Socket = connect({ host: origin.hostname, port: Number(origin.port) || 80, noDelay: true });
  await once(socket, 'connect');
  let received = '';
  let waiting: PromiseWithResolvers<number> | null = null;
  const settle = (): void => {
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, headEnd))?.[1];
    if (length === undefined) throw new Error(`an answer without content-length: ${received.slice(0, headEnd)}`);
    if (received.length < headEnd + 4 + Number(length)) return;
    const status = Number(received.slice(9, 12));
    received = '';
    waiting?.resolve(status);
  };
  const fail = (error: Error): void => waiting?.reject(error);
  // One character a byte: lengths count bytes.
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
    try {
      settle();
    } catch (error) {
      fail(error as Error);
    }
  });
  socket.on('error', fail).on('close', () => fail(new Error(`${origin.href} closed the connection`)));
  return {
    ask(request) {
      waiting = Promise.withResolvers<number>();
      socket.write(request);
      return waiting.promise;
    },
    close: () => socket.destroy(),
  };
}
