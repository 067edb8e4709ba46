import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
export const MODEL_DIR = fileURLToPath(new URL('../../../models/atoma-tiny', import.meta.url));

/** The environment without what the test runner put there for its own children. */
export function cleanEnv(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, ...env } = process.env;
  return { ...env, LOG_LEVEL: 'warn', ...more };
}

/** The program and its arguments that run the command line. */
export function cliCommand(args: readonly string[]): readonly [string, ...string[]] {
  return [process.execPath, MAIN, ...args];
}

/** Runs the command line to its end. */
export function runCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env: cleanEnv(env) }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** A command that goes on running, read line by line; killed when the test ends. */
export class RunningCli {
  readonly child: ChildProcess;
  readonly #lines: Record<string, unknown>[] = [];
  readonly #waiting: ((line: Record<string, unknown>) => void)[] = [];
  stderr = '';

  constructor(t: Test, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [MAIN, ...args], {
      env: cleanEnv(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stderr?.on('data', (data) => {
      this.stderr += String(data);
    });
    if (this.child.stdout !== null) {
      createInterface({ input: this.child.stdout }).on('line', (text) => {
        const line = JSON.parse(text);
        const waiting = this.#waiting.shift();
        if (waiting === undefined) this.#lines.push(line);
        else waiting(line);
      });
    }
    t.teardown(async () => {
      if (this.child.exitCode === null && this.child.signalCode === null) {
        const exited = this.exited();
        this.child.kill('SIGKILL');
        await exited;
      }
    });
  }

  /** The next line of its output, parsed. */
  next(): Promise<Record<string, unknown>> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    return new Promise((resolve, reject) => {
      this.#waiting.push(resolve);
      this.child.once('exit', (code) => reject(new Error(`ended with ${code}: ${this.stderr}`)));
    });
  }

  /** Its exit code, once it has ended. */
  exited(): Promise<number | null> {
    if (this.child.exitCode !== null) return Promise.resolve(this.child.exitCode);
    return new Promise((resolve) => this.child.once('exit', (code) => resolve(code)));
  }
}

/** A folder that goes with the test. */
export async function tempDir(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'atoma-test-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A model configuration of the demo model on any free port. */
export async function modelConfig(t: Test, pool = 'workers = 1\nsequences = 4\n'): Promise<string> {
  const file = join(await tempDir(t), 'model.toml');
  await writeFile(
    file,
    `cache_dir = "cache"\nflush_storage = false\njrpc_port = 0\ntracing = false\nmodels = [["cpu", "q8_0", ${JSON.stringify(MODEL_DIR)}, "", false]]\n[pool]\n${pool}`,
  );
  return file;
}
