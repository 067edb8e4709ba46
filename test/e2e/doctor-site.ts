import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Test } from 'tap';
import { z } from 'zod';
import { loadConfig } from '#src/config/index.js';
import {
  Devnet,
  type DevnetFiles,
  type DevnetNode,
  type DevnetUser,
  writeDevnetFiles,
} from '#src/devnet/index.js';
import { once } from '#src/node/doctor/check.js';
import { doctor } from '#src/node/index.js';
import { inspectHardware } from '#src/workers/index.js';
import { MODEL_DIR, runCli, tempDir } from './cli.js';

const logger = pino({ level: 'silent' });

const Check = z.strictObject({
  type: z.literal('check'),
  area: z.string(),
  name: z.string(),
  status: z.enum(['ok', 'warn', 'fail', 'skip']),
  found: z.string().min(1),
  remedy: z.string().min(1).nullable(),
});
const Summary = z.strictObject({
  type: z.literal('summary'),
  checks: z.number(),
  ok: z.number(),
  warn: z.number(),
  fail: z.number(),
  skip: z.number(),
  can_start: z.boolean(),
});

export type CheckLine = z.infer<typeof Check>;

/** What doctor said. */
export interface Diagnosis {
  readonly checks: readonly CheckLine[];
  /** The check of this name, which must be there. */
  get(name: string): CheckLine;
  /** The names of the checks with this status, in order. */
  names(status: CheckLine['status']): readonly string[];
}

/** Runs `doctor --json`; what it writes parses and holds none of `secrets`. */
export async function diagnose(
  t: Test,
  args: readonly string[],
  { secrets = [], env = {} }: { readonly secrets?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Diagnosis> {
  const { code, stdout, stderr } = await runCli(['doctor', '--json', '--gpu', 'cpu', ...args], env);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  const checks = z.array(Check).parse(lines.slice(0, -1));
  const summary = Summary.parse(lines.at(-1));
  const fails = checks.filter(({ status }) => status === 'fail').length;
  t.same(
    [summary.checks, summary.fail, summary.can_start, code],
    [checks.length, fails, fails === 0, fails > 0 ? 1 : 0],
  );
  return diagnosisOf(t, checks, `${stdout}${stderr}`, secrets);
}

function diagnosisOf(
  t: Test,
  checks: readonly CheckLine[],
  output: string,
  secrets: readonly string[],
): Diagnosis {
  t.equal(secrets.filter((secret) => output.includes(secret)).length, 0, 'no secret is shown');
  const wrongly = checks.filter(({ status, remedy }) => /warn|fail/.test(status) === (remedy === null));
  t.same(wrongly, [], 'each line names a remedy where one is due');
  return {
    checks,
    get: (name) => {
      const found = checks.find((check) => check.name === name);
      if (found === undefined) throw new Error(`no check ${name} in ${output}`);
      return found;
    },
    names: (status) => checks.filter((check) => check.status === status).map(({ name }) => name),
  };
}

/** Looked at once: what these tests break is not the machine. */
const machine = once(() => inspectHardware('cpu'));

/** A dev chain, a registered node and its files, as an operator has them before the first start. */
export class Site {
  readonly chain: Devnet;
  readonly node: DevnetNode;
  readonly user: DevnetUser;
  readonly files: DevnetFiles;
  readonly dir: string;

  private constructor(parts: Pick<Site, 'chain' | 'node' | 'user' | 'files' | 'dir'>) {
    this.chain = parts.chain;
    this.node = parts.node;
    this.user = parts.user;
    this.files = parts.files;
    this.dir = parts.dir;
  }

  static async start(t: Test, options: { readonly gasMist?: bigint } = {}): Promise<Site> {
    const chain = await Devnet.start({ checkpointMs: 50 }, { logger });
    t.teardown(() => chain.stop());
    const node = chain.addNode(options);
    const user = chain.addUser();
    const dir = await tempDir(t);
    const files = await writeDevnetFiles(chain, node, user, {
      dir,
      modelPath: MODEL_DIR,
      precision: 'q8_0',
      jrpcPort: 0,
    });
    return new Site({ chain, node, user, files, dir });
  }

  get flags(): readonly string[] {
    const { modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath } = this.files;
    return [
      ...['--model-config-path', modelConfigPath, '--sui-subscriber-path', suiSubscriberPath],
      ...['--atoma-sui-client-config-path', atomaSuiClientConfigPath],
    ];
  }

  /** Changes a file; what is to be replaced must be in it. */
  async edit(path: string, from: string | RegExp, to: string): Promise<void> {
    const text = await readFile(path, 'utf8');
    const edited = text.replace(from, to);
    if (edited === text) throw new Error(`${path} has no ${from}`);
    await writeFile(path, edited);
  }

  /** The model configuration's table of its one model, under another name. */
  async modelTable(name: string): Promise<string> {
    const text = await readFile(this.files.modelConfigPath, 'utf8');
    const table = /\[\[models\]\][\s\S]*$/.exec(text)?.[0] ?? '';
    return `${table.trimEnd().replace(/name = .*/, `name = "${name}"`)}\n`;
  }

  /** Runs the checks in this process. */
  async diagnose(t: Test): Promise<Diagnosis> {
    const keystore = await readFile(join(this.dir, 'sui.keystore'), 'utf8');
    const keys = z.array(z.string()).parse(JSON.parse(keystore));
    const { modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath } = this.files;
    const paths = { modelConfigPath, suiSubscriberPath, atomaSuiClientConfigPath };
    const results = await doctor(
      { subject: { paths, config: await loadConfig(paths) }, gpu: 'cpu' },
      { logger, hardware: machine, onStart: () => undefined, onDone: () => undefined },
    );
    const checks = results.map((result) => ({
      type: 'check' as const,
      ...result,
      remedy: result.remedy ?? null,
    }));
    return diagnosisOf(t, checks, JSON.stringify(checks), [this.node.secretKey, ...keys]);
  }
}
