import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { DevnetFiles } from '#src/devnet/index.js';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

export interface NodeProcessOptions {
  /** The program, which takes the arguments of `start`; default the node's own. */
  readonly main?: string | undefined;
  /** In a process group of its own, whose id is its pid. */
  readonly ownGroup?: boolean;
  /** For Node.js itself. */
  readonly nodeArgs?: readonly string[];
  /** Default `warn`. */
  readonly logLevel?: string;
  /** Besides what the test has itself. */
  readonly env?: NodeJS.ProcessEnv;
}

/** One life of a node, started from its files as an operator would. */
export class NodeProcess {
  readonly child: ChildProcess;
  /** Resolves with the RPC's URL as soon as that listens; undefined where it ended before that. */
  readonly listening: Promise<string | undefined>;
  /** Resolves with the RPC's URL once the node is ready; undefined where it ended before that. */
  readonly ready: Promise<string | undefined>;
  /** Resolves when the process has ended, with its exit code or signal. */
  readonly ended: Promise<string>;
  /** Resolves when besides every process is gone that it started, since they share its stderr. */
  readonly closed: Promise<unknown>;
  readonly #onLine: ((line: { readonly type: string; readonly url?: string }) => void)[] = [];
  #log = '';

  constructor(
    files: DevnetFiles,
    args: readonly string[] = [],
    {
      main = MAIN,
      ownGroup = false,
      nodeArgs = [],
      logLevel = 'warn',
      env: more = {},
    }: NodeProcessOptions = {},
  ) {
    const { NODE_OPTIONS: _options, ...env } = process.env;
    this.child = spawn(
      process.execPath,
      [
        ...nodeArgs,
        main,
        ...['start', '--json', '--model-config-path', files.modelConfigPath],
        ...['--sui-subscriber-path', files.suiSubscriberPath],
        ...['--atoma-sui-client-config-path', files.atomaSuiClientConfigPath, ...args],
      ],
      {
        env: { ...env, LOG_LEVEL: logLevel, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: ownGroup,
      },
    );
    const { stdout, stderr } = this.child;
    this.closed = once(this.child, 'close');
    this.ended = once(this.child, 'exit').then(([code, signal]) => String(signal ?? code));
    stderr?.on('data', (data) => {
      this.#log += String(data);
    });
    const saidUrl = (type: string): Promise<string | undefined> =>
      new Promise((resolve) => {
        this.#onLine.push((line) => line.type === type && resolve(line.url));
        void this.ended.then(() => resolve(undefined));
      });
    this.listening = saidUrl('listening');
    this.ready = saidUrl('ready');
    if (stdout !== null) {
      createInterface({ input: stdout }).on('line', (text) => {
        const line = JSON.parse(text);
        for (const look of this.#onLine) look(line);
      });
    }
  }

  /** What it has logged, at the level given and above; at the end, what its end was. */
  get log(): string {
    return this.#log;
  }

  /** Resolves once it has logged something like this. */
  async logged(pattern: RegExp): Promise<void> {
    const { stderr } = this.child;
    while (!pattern.test(this.#log) && stderr !== null) await once(stderr, 'data');
  }

  /** SIGKILL, as the kernel would when memory runs out. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<string> {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  /** The processes that hold its devices. Linux only, as /proc is. */
  async devicePids(): Promise<readonly number[]> {
    const { pid } = this.child;
    const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    const children = text.trim().split(' ').filter(Boolean).map(Number);
    const commands = await Promise.all(
      children.map((child) => readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '')),
    );
    // Others look at the hardware.
    return children.filter((_, index) => commands[index]?.includes('/workers/device.js'));
  }
}
