import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { z } from 'zod';
import type { DevnetFiles } from '#src/devnet/index.js';
import type { CrashPoint } from './crash-point.js';

const MAIN = fileURLToPath(new URL('./crashing-main.js', import.meta.url));
const Line = z.object({ type: z.enum(['ready', 'armed', 'reached']), state: z.string().optional() });

/** One life of a node that ends at a write of its journal. */
export class CrashingNode {
  readonly child: ChildProcess;
  /** `true` once it is ready, `false` where it ended before that. */
  readonly ready: Promise<boolean>;
  /** Resolves when it stands at the write, with the state of the newest ticket; undefined where it ended. */
  readonly reached: Promise<string | undefined>;
  /** Resolves when the process has ended, with its exit code or signal. */
  readonly ended: Promise<string>;
  /** What it has logged, at `warn` and above. */
  log = '';
  readonly #armed: Promise<boolean>;

  constructor(t: Test, files: DevnetFiles, point: Pick<CrashPoint, 'from' | 'write' | 'phase' | 'act'>) {
    const { NODE_OPTIONS: _options, ...env } = process.env;
    const { modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath } = files;
    const given: CrashPoint = { modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath, ...point };
    this.child = spawn(process.execPath, [MAIN, JSON.stringify(given)], {
      env,
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    });
    const { stdout, stderr } = this.child;
    stderr?.on('data', (data) => {
      this.log += String(data);
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => String(signal ?? code));
    const said = new Map<string, z.infer<typeof Line>>();
    const until = (type: z.infer<typeof Line>['type']): Promise<z.infer<typeof Line> | undefined> =>
      new Promise((resolve) => {
        this.child.on('line', () => said.has(type) && resolve(said.get(type)));
        void this.ended.then(() => resolve(said.get(type)));
      });
    this.ready = until('ready').then((line) => line !== undefined);
    this.#armed = until('armed').then((line) => line !== undefined);
    this.reached = until('reached').then((line) => line?.state);
    if (stdout !== null) {
      createInterface({ input: stdout }).on('line', (text) => {
        const line = Line.parse(JSON.parse(text));
        said.set(line.type, line);
        this.child.emit('line');
      });
    }
    t.teardown(async () => {
      if (!t.passing()) t.comment(`it said ${[...said.keys()].join(', ')}; ${this.log}`);
      await this.kill();
    });
  }

  /** From now on a new ticket is one to count the writes of. */
  async arm(): Promise<void> {
    this.child.send('arm');
    await this.#armed;
  }

  /** Lets a node that waits at the write go on. */
  release(): void {
    this.child.stdin?.write('.');
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** SIGTERM; resolves with the exit code, or the signal where it crashed meanwhile. */
  async stop(): Promise<string> {
    this.child.kill('SIGTERM');
    return this.ended;
  }
}
