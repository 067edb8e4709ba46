import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { loadConfig } from '#src/config/index.js';
import type { Completion } from '#src/core/index.js';
import { AtomaNode } from '#src/node/index.js';

/** A node that commits to other words than its model said; started as `start` is. */

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean' },
    'model-config-path': { type: 'string' },
    'sui-subscriber-path': { type: 'string' },
    'atoma-sui-client-config-path': { type: 'string' },
  },
});
const GRACE_MS = 10_000;

function say(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** The same counts: nothing but the hashes tells. */
function alterAnswer(completion: Completion): Completion {
  return { ...completion, text: `${completion.text}!` };
}

const modelConfigPath = values['model-config-path'] ?? '';
const config = await loadConfig({
  modelConfigPath,
  suiSubscriberPath: values['sui-subscriber-path'],
  atomaSuiClientConfigPath: values['atoma-sui-client-config-path'],
});
const node = await AtomaNode.create(
  config,
  { acceptGap: false, lockDir: join(dirname(modelConfigPath), 'locks'), alterAnswer },
  { logger: pino({ level: process.env['LOG_LEVEL'] ?? 'warn' }, pino.destination({ fd: 2, sync: true })) },
);
process.once('SIGTERM', () => void node.stop(GRACE_MS).then(() => process.exit(0)));
const url = await node.listen();
say({ type: 'listening', url });
const onFatal = (error: unknown): never => {
  throw error;
};
await node.start({ onProgress: () => undefined, onFatal });
say({ type: 'ready', url });
