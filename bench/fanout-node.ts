import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { loadConfig } from '#src/config/index.js';
import type { TokenFrame } from '#src/core/index.js';
import { AtomaNode } from '#src/node/index.js';
import { TokenStreams } from '#src/node/token-streams.js';
import { type NodeApi, RpcServer } from '#src/rpc/index.js';
import type { NodeCommand, NodeReply } from './fanout-side.js';
import { DEMO_FILE, TEMPERATURE, TOP_K } from './workload.js';

/*
 * A node's main process, with a device process that runs the demo model, as `start` has them. What the model says is
 * sent as the tokens of one stream at the pace that is asked for, so that the reading of it is measured and not how
 * fast a model of one megabyte is.
 */

const dir = await mkdtemp(join(tmpdir(), 'atoma-bench-fanout-'));
const logger = pino({ level: 'warn' }, pino.destination(2));
const node = await startNode();
const streams = new TokenStreams();
const server = await RpcServer.start({ host: '127.0.0.1', port: 0 }, { node: withStreams(node), logger });
let go = (): void => undefined;
process.on('message', (command: NodeCommand | 'go') => {
  if (command === 'go') go();
  else void obey(command).then((reply) => process.send?.(reply));
});
process.once('disconnect', () => void stop());
process.send?.({ url: server.url });

async function obey(command: NodeCommand): Promise<NodeReply> {
  if (command.kind === 'memory') return memory();
  return { sentAtMs: await play(command) };
}

/** After two collections, since the first one runs finalizers. */
async function memory(): Promise<NodeReply> {
  for (let round = 0; round < 2; round++) {
    global.gc?.();
    await delay(200);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
}

/** When the main process had each token, ms since 1970 with fractions. */
async function play(command: NodeCommand & { kind: 'play' }): Promise<readonly number[]> {
  const frames = await generate(command.tokens);
  const writer = streams.open({ kind: 'request', id: command.id });
  process.send?.({ opened: command.id });
  await new Promise<void>((resolve) => {
    go = resolve;
  });
  const sentAtMs: number[] = [];
  const startedAt = performance.now();
  for (const [position, frame] of frames.entries()) {
    const dueMs = startedAt + (position * 1000) / command.tokensPerSecond - performance.now();
    if (dueMs > 0) await delay(dueMs);
    sentAtMs.push(performance.timeOrigin + performance.now());
    writer.push(frame);
  }
  writer.end({ ok: false, error: { code: 'cancelled', message: 'played to the end', fields: {} } });
  return sentAtMs;
}

/** So many tokens of the model, each in a frame of its own. */
async function generate(tokens: number): Promise<readonly TokenFrame[]> {
  const texts: TokenFrame[] = [];
  for (let seed = 1n; texts.length < tokens; seed++) {
    await node.generate(
      {
        requestId: `source-${seed}`,
        reproducible: false,
        params: {
          model: node.listModels()[0]?.name ?? '',
          prompt: 'Once upon a time,',
          prePromptTokens: [],
          prependOutputWithInput: false,
          maxTokens: 256n,
          randomSeed: seed,
          repeatLastN: 64n,
          repeatPenalty: 1,
          shouldStreamOutput: true,
          temperature: TEMPERATURE,
          topK: BigInt(TOP_K),
          topP: 1,
        },
      },
      {
        signal: new AbortController().signal,
        onTokens: ({ text, tokens: [token] }) =>
          void (token === undefined || texts.push({ index: texts.length, text, tokens: [token] })),
        onRestart: undefined,
      },
    );
  }
  return texts.slice(0, tokens);
}

async function startNode(): Promise<AtomaNode> {
  const modelConfigPath = join(dir, 'model.toml');
  const model = JSON.stringify(dirname(DEMO_FILE));
  await writeFile(
    modelConfigPath,
    `cache_dir = ${JSON.stringify(dir)}\njrpc_port = 0\nmodels = [["cpu", "q8_0", ${model}, "", false]]\n[pool]\nworkers = 1\n`,
  );
  const config = await loadConfig({ modelConfigPath });
  const started = await AtomaNode.create(config, { acceptGap: false, lockDir: dir }, { logger });
  await started.start({ onProgress: () => undefined, onFatal: (error) => logger.fatal(error) });
  return started;
}

/** The node, but that the streams that are played can be read from it, too. */
function withStreams(real: AtomaNode): NodeApi {
  const subscribe: NodeApi['subscribe'] = (target, fromIndex, listener) =>
    target.kind === 'request'
      ? streams.subscribe(target, fromIndex, listener)
      : real.subscribe(target, fromIndex, listener);
  return new Proxy<NodeApi>(real, {
    get: (_, name: keyof NodeApi) => (name === 'subscribe' ? subscribe : real[name].bind(real)),
  });
}

async function stop(): Promise<void> {
  await server.stop();
  await node.stop(0);
  await rm(dir, { recursive: true, force: true });
}
