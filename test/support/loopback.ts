import type { AddressInfo, Server } from 'node:net';

/** Lets a server listen on any free port of loopback, and tells where that is. */
export async function onLoopback(server: Server): Promise<{ url: string; port: number }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has such an address.
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port };
}
