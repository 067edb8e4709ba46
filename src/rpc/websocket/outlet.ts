import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import type { RpcLimits } from '../options.js';

/** Something that has more to send when the socket has drained. */
interface Drained {
  catchUp(): void;
}

interface OutletModules {
  readonly socket: WebSocket;
  /** What `socket` writes to. */
  readonly connection: Duplex;
  /** Told, with why, where the client is so slow that it is to be closed. */
  readonly owner: { onTooSlow(reason: string): void };
}

/** What is sent to one WebSocket, and what waits for its client to read. */
export class SocketOutlet {
  readonly #limits: RpcLimits;
  readonly #socket: WebSocket;
  readonly #connection: Duplex;
  readonly #owner: OutletModules['owner'];
  #waiting: Drained[] | undefined;
  #patience: NodeJS.Timeout | undefined;
  #isCorked = false;

  constructor(limits: RpcLimits, { socket, connection, owner }: OutletModules) {
    this.#limits = limits;
    this.#socket = socket;
    this.#connection = connection;
    this.#owner = owner;
  }

  /** Whether so little is unsent that more may be: what would not be read is better not made yet. */
  get isWritable(): boolean {
    // Below the stream's own mark it would not tell that it has drained.
    const mark = Math.max(this.#limits.mergeAboveBytes, this.#connection.writableHighWaterMark);
    return this.#socket.bufferedAmount < mark;
  }

  /** Whether it waits for the client to read. */
  get isStalled(): boolean {
    return this.#patience !== undefined;
  }

  /** What is sent in one tick leaves in one write. */
  send(message: string): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#connection.cork();
      process.nextTick(uncork, this);
    }
    this.#socket.send(message);
    if (this.#socket.bufferedAmount > this.#limits.maxBufferedBytes) {
      this.#owner.onTooSlow('too slow: the client does not read what it asked for');
    }
  }

  /** Has `catchUp` called when all that was sent has left; a client that takes too long for that is closed. */
  awaitDrain(waiting: Drained): void {
    this.#waiting ??= [];
    this.#waiting.push(waiting);
    if (this.#patience !== undefined) return;
    const { maxStallMs } = this.#limits;
    const onDrain = (): void => this.#onDrain();
    this.#connection.once('drain', onDrain);
    this.#patience = setTimeout(() => {
      this.#owner.onTooSlow(
        `too slow: the client did not read what was sent to it within ${maxStallMs / 1000} s`,
      );
    }, maxStallMs);
    this.#patience.unref();
  }

  /** Nobody is to be told of anything any more. */
  end(): void {
    this.#waiting = undefined;
    clearTimeout(this.#patience);
    this.#patience = undefined;
  }

  /** Those who are not through with what they have to send come behind those who had no turn yet. */
  #onDrain(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    const turns = this.#waiting ?? [];
    this.#waiting = undefined;
    let turn = 0;
    while (turn < turns.length && this.isWritable) turns[turn++]?.catchUp();
    const again = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const each of [...turns.slice(turn), ...again]) this.awaitDrain(each);
  }

  uncork(): void {
    this.#isCorked = false;
    this.#connection.uncork();
  }
}

function uncork(outlet: SocketOutlet): void {
  outlet.uncork();
}
