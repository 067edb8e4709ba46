import { readSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { pino } from 'pino';
import { loadConfig } from '#src/config/index.js';
import type { Ticket } from '#src/core/index.js';
import { AtomaNode } from '#src/node/index.js';
import { CrashPoint } from './crash-point.js';

const GRACE_MS = 10_000;

/** At once, since the process may end with the next statement. */
function say(line: Readonly<Record<string, unknown>>): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

/** A node that ends, or stands still, at one write of its journal. */
class CrashingNode {
  readonly #point: CrashPoint;
  #node: AtomaNode | undefined;
  /** Newest ticket when counting began; undefined before that. */
  #known: { readonly id: string | undefined } | undefined;
  #counted = 0;

  constructor(point: CrashPoint) {
    this.#point = point;
  }

  async run(): Promise<void> {
    const { modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath } = this.#point;
    const config = await loadConfig({
      modelConfigPath,
      suiSubscriberPath,
      atomaSuiClientConfigPath,
      configPath: undefined,
    });
    const hook = { beforeCommit: () => this.#before(), afterCommit: () => this.#after() };
    const node = await AtomaNode.create(
      config,
      { acceptGap: false, lockDir: join(dirname(modelConfigPath), 'locks'), journal: { hook } },
      { logger: pino({ level: 'warn' }, pino.destination({ fd: 2, sync: true })) },
    );
    this.#node = node;
    process.once('SIGTERM', () => void node.stop(GRACE_MS).then(() => process.exit(0)));
    process.once('message', () => {
      this.#known = { id: this.#newest()?.id };
      say({ type: 'armed' });
    });
    const onFatal = (error: unknown): never => {
      throw error;
    };
    await node.start({ onProgress: () => undefined, onFatal });
    say({ type: 'ready' });
  }

  #before(): void {
    if (this.#counts()) this.#counted++;
    this.#at('before');
  }

  #after(): void {
    this.#at('after');
  }

  #counts(): boolean {
    if (this.#point.from === 'life' || this.#counted > 0) return true;
    // What is about to be committed can be read already, on the connection that writes it.
    return this.#known !== undefined && this.#newest()?.id !== this.#known.id;
  }

  #at(phase: CrashPoint['phase']): void {
    const { write, phase: wanted, act } = this.#point;
    if (this.#counted !== write || write === 0 || phase !== wanted) return;
    say({ type: 'reached', state: this.#newest()?.state });
    if (act === 'die') process.kill(process.pid, 'SIGKILL');
    readSync(0, Buffer.alloc(1));
  }

  #newest(): Ticket | undefined {
    try {
      return this.#node?.listTickets({ state: undefined, limit: 1 })[0];
    } catch {
      // The journal is still being opened.
      return undefined;
    }
  }
}

await new CrashingNode(CrashPoint.parse(JSON.parse(argv[2] ?? ''))).run();
