import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What the node's process is told. After `opened` it waits for `go`, then it plays. */
export type NodeCommand =
  | { readonly kind: 'memory' }
  | {
      readonly kind: 'play';
      readonly id: string;
      readonly tokens: number;
      readonly tokensPerSecond: number;
    };

export interface MemoryReply {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

export type NodeReply = MemoryReply | { readonly sentAtMs: readonly number[] };

/** What a process of clients is told; it answers each with a {@link ClientsReply}. */
export type ClientsCommand =
  /** Opens sockets, each with one subscription. */
  | {
      readonly kind: 'open';
      readonly url: string;
      readonly sockets: number;
      /** Subscriptions of each. */
      readonly subscriptions: number;
      /** Name of a request, or undefined for a ticket of its own that will not come. */
      readonly request: string | undefined;
      /** They read nothing from now on. */
      readonly stopReading: boolean;
    }
  /** When all streams have ended: what came when. */
  | { readonly kind: 'received' }
  | { readonly kind: 'close' };

/** Index of a token and when it came, ms since 1970, one after the other. */
export interface ClientsReply {
  readonly received: readonly number[];
}

/** A process of this bench, which ends with it. */
export class FanoutSide {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(script: URL, args: readonly string[] = []): Promise<[FanoutSide, unknown]> {
    const child = fork(script, args, { execArgv: ['--expose-gc'] });
    const side = new FanoutSide(child);
    return [side, await side.next()];
  }

  send(message: NodeCommand | ClientsCommand | 'go'): void {
    this.#child.send(message);
  }

  /** The next message of the process. */
  async next(): Promise<unknown> {
    const failed = new AbortController();
    const died = (code: number | null): void =>
      failed.abort(new Error(`a process of the bench ended: ${code}`));
    this.#child.once('exit', died);
    try {
      const [message] = await once(this.#child, 'message', { signal: failed.signal });
      return message;
    } finally {
      this.#child.removeListener('exit', died);
    }
  }

  async ask<Reply>(message: NodeCommand | ClientsCommand): Promise<Reply> {
    const reply = this.next();
    this.send(message);
    return (await reply) as Reply;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    await exited;
  }
}
