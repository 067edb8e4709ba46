import { createServer } from 'node:net';
import { type ListenAddress, listenError } from './listen-error.js';

/**
 * Listens for a moment where the RPC server would.
 * @throws AtomaError `port_in_use`, `listen_failed`
 */
export async function checkPort(address: ListenAddress): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, address)));
    server.listen(address, resolve);
  });
  await new Promise((closed) => server.close(closed));
}
