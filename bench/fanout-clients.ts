import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ClientsCommand, ClientsReply } from './fanout-side.js';

/** Sockets that are being opened at once: the queue of a listening socket is no place for thousands. */
const OPENING_AT_ONCE = 64;
/** Sockets of one source address: Linux has some 28 000 ports for each by default. */
const SOCKETS_PER_ADDRESS = 2000;

const place = Number(process.argv[2]);
const sockets: WebSocket[] = [];
let received: number[] = [];
let streams: Promise<unknown>[] = [];

process.on('message', (command: ClientsCommand) => void obey(command).then((reply) => process.send?.(reply)));
process.once('disconnect', () => process.exit());
process.send?.('here');

async function obey(command: ClientsCommand): Promise<ClientsReply> {
  if (command.kind === 'open') await open(command);
  else if (command.kind === 'close') close();
  else await Promise.all(streams);
  const reply = { received: command.kind === 'received' ? received : [] };
  if (command.kind === 'received') {
    received = [];
    streams = [];
  }
  return reply;
}

async function open(command: ClientsCommand & { kind: 'open' }): Promise<void> {
  for (let done = 0; done < command.sockets; done += OPENING_AT_ONCE) {
    const count = Math.min(OPENING_AT_ONCE, command.sockets - done);
    await Promise.all(Array.from({ length: count }, () => subscribe(command)));
  }
}

async function subscribe(command: ClientsCommand & { kind: 'open' }): Promise<void> {
  // Addresses of other processes are others.
  const address = 1 + place * 16 + Math.floor(sockets.length / SOCKETS_PER_ADDRESS);
  const socket = new WebSocket(`${command.url.replace('http', 'ws')}/ws`, {
    localAddress: `127.0.0.${address}`,
    perMessageDeflate: false,
  });
  sockets.push(socket);
  await once(socket, 'open');
  const target =
    command.request === undefined
      ? { ticket_id: `0x${place}-${sockets.length}` }
      : { request_id: command.request };
  // One after the other: a client may have some hundred calls open, not thousands.
  for (let id = 0; id < command.subscriptions; id++) {
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, method: 'atoma_subscribe', params: target }));
    const [answer] = await once(socket, 'message');
    if (String(answer).includes('"error"')) throw new Error(String(answer));
  }
  if (command.stopReading) socket.pause();
  else if (command.request !== undefined) streams.push(read(socket));
}

function read(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('close', (code, reason) => reject(new Error(`a reader was closed: ${code} ${reason}`)));
    socket.on('message', (data: Buffer) => {
      const now = performance.timeOrigin + performance.now();
      if (data.includes('"done":true')) resolve();
      else received.push(indexIn(data), now);
    });
  });
}

function indexIn(data: Buffer): number {
  const key = '"index":';
  return Number.parseInt(data.toString('latin1', data.indexOf(key) + key.length, data.length), 10);
}

function close(): void {
  for (const socket of sockets.splice(0)) {
    socket.removeAllListeners('close');
    socket.terminate();
  }
}
