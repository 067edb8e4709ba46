import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AtomaError } from '../core/index.js';

const Line = z.object({ type: z.string(), url: z.string().optional() });

/** A node in a process of its own, started from its files as an operator would. */
export class DemoNode {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /**
   * Starts `start` with these arguments and waits until it is ready.
   * @param logLevel of the node's log, which goes to this process's stderr
   * @throws AtomaError `node_failed` where it ends before that.
   */
  static async start(args: readonly string[], env: NodeJS.ProcessEnv, logLevel: string): Promise<DemoNode> {
    const main = fileURLToPath(new URL('../main.js', import.meta.url));
    const child = spawn(process.execPath, [main, 'start', '--json', ...args], {
      env: { LOG_LEVEL: logLevel, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // Whatever ends this process, the node must not outlive it.
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.removeListener('exit', kill));
    const url = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new AtomaError('node_failed', `the node ended with code ${code}`)));
      child.once('error', reject);
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = Line.parse(JSON.parse(text));
        if (line.type === 'ready' && line.url !== undefined) resolve(line.url);
      });
    });
    return new DemoNode(child, url);
  }

  /** Asks the node to stop and waits until it has. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
  }
}
