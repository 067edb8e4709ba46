import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { Devnet, type DevnetNode, PromptUser, writeDevnetFiles } from '../devnet/index.js';
import { DemoNode } from './demo-node.js';
import { DEMO_MODEL } from './devnet.js';
import { EXIT, exitCodeOf, reportError, writeLine } from './exit.js';
import { createLogger } from './logger.js';
import { positiveOf } from './numbers.js';
import { RpcClient } from './rpc-client.js';

interface DemoFlags {
  readonly prompt?: readonly string[];
  readonly count: string;
  readonly maxTokens: string;
  readonly raw?: boolean;
  readonly json?: boolean;
}

/** Questions that the demo model was trained on. */
const PROMPTS = [
  'What is Atoma?',
  'What is 3 plus 4?',
  'Tell me a story about a dragon',
  'What is the capital of Peru?',
];
/** Beyond this a demo ticket counts as lost: the contract's own timeout. */
const SETTLEMENT_TIMEOUT_MS = 60_000;

/** How often, and how far apart, the demo asks for the digest of a commitment that has settled: 2 s in all. */
const RECEIPT_TRIES = 100;
const RECEIPT_INTERVAL_MS = 20;

const TicketReply = z.object({
  received_at_ms: z.number(),
  first_token_at_ms: z.number().nullable(),
  history: z.array(z.object({ state: z.string(), at: z.number() })),
  digest: z.string().nullable(),
  answer: z
    .object({
      text: z.string(),
      input_tokens: z.number(),
      output_tokens: z.number(),
      root: z.string(),
      leaf: z.string(),
      tokens_per_second: z.number(),
    })
    .nullable(),
  error: z.object({ message: z.string() }).nullable(),
});

/** Adds `demo`: dev chain, node and user in one process tree. */
export function addDemo(program: Command, env: NodeJS.ProcessEnv): void {
  program
    .command('demo')
    .description(
      'a chain, a node and a user on this machine: prompts from event to settled ticket, with the demo model',
    )
    .option('--prompt <text...>', 'what the user asks (repeatable)')
    .option('--count <n>', 'how many prompts', '3')
    .option('--max-tokens <n>', 'longest answer, in tokens', '128')
    .option('--raw', "send the prompts as they are, without the model's chat template")
    .option('--json', 'NDJSON on stdout: one line a ticket and a summary')
    .action(async (flags: DemoFlags) => {
      process.exitCode = await demo(flags, env).catch((error: unknown) => {
        reportError(error);
        return exitCodeOf(error);
      });
    });
}

interface Stage {
  readonly chain: Devnet;
  readonly operator: DevnetNode;
  readonly user: PromptUser;
  readonly rpc: RpcClient;
  readonly json: boolean;
}

async function demo(flags: DemoFlags, env: NodeJS.ProcessEnv): Promise<number> {
  const count = positiveOf('--count', flags.count);
  const maxTokens = positiveOf('--max-tokens', flags.maxTokens);
  const prompts = flags.prompt ?? PROMPTS;
  const dir = await mkdtemp(join(tmpdir(), 'atoma-demo-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  // 'exit' also kills the node, whose device processes leave when their channel closes.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => process.exit(EXIT.interrupted));
  const closing: (() => Promise<void> | void)[] = [];
  try {
    const stage = await setStage(dir, flags.json ?? false, env, closing);
    let settled = 0;
    for (let index = 0; index < count; index++) {
      const question = prompts[index % prompts.length] ?? '';
      if (!stage.json) process.stdout.write(`\n[${index + 1}/${count}] ${question}\n`);
      if (await runTicket(stage, flags.raw ? question : chatPrompt(question), maxTokens)) settled++;
    }
    const summary = { tickets: count, settled, failed: count - settled };
    if (stage.json) writeLine({ type: 'summary', ...summary });
    else process.stdout.write(`\n${settled} of ${count} tickets settled\n`);
    return settled === count ? EXIT.done : EXIT.failed;
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

async function setStage(
  dir: string,
  json: boolean,
  env: NodeJS.ProcessEnv,
  closing: (() => Promise<void> | void)[],
): Promise<Stage> {
  const say = (text: string): void => void (json || process.stdout.write(text));
  const logLevel = env['LOG_LEVEL'] ?? 'warn';
  const logger = createLogger(logLevel);
  const chain = await Devnet.start({}, { logger });
  closing.push(() => chain.stop());
  const operator = chain.addNode();
  const account = chain.addUser();
  const files = await writeDevnetFiles(chain, operator, account, {
    dir,
    modelPath: DEMO_MODEL.path,
    precision: DEMO_MODEL.precision,
    jrpcPort: 0,
  });
  say(`dev chain  ${chain.url}  package ${chain.packageId}\n`);
  const node = await DemoNode.start(
    [
      ...['--model-config-path', files.modelConfigPath],
      ...['--sui-subscriber-path', files.suiSubscriberPath],
      ...['--atoma-sui-client-config-path', files.atomaSuiClientConfigPath],
    ],
    env,
    logLevel,
  );
  closing.push(() => node.stop());
  say(`node       ${node.url}  small id ${operator.smallId}, model ${chain.model}\n`);
  const user = new PromptUser(
    {
      url: chain.url,
      secretKey: account.secretKey,
      packageId: chain.packageId,
      tomaPackageId: chain.tomaPackageId,
      atomaDbId: chain.atomaDbId,
      tomaCoinId: account.tomaCoinId,
    },
    { logger },
  );
  await user.start();
  closing.push(() => user.close());
  const rpc = await RpcClient.connect(node.url, { apiKey: env['ATOMA_API_KEY'] });
  closing.push(() => rpc.close());
  return { chain, operator, user, rpc, json };
}

/** Submits one prompt and sees it through; true where its ticket settled. */
async function runTicket(stage: Stage, prompt: string, maxTokens: number): Promise<boolean> {
  const { chain, user, rpc, json } = stage;
  const { ticketId } = await user.sendPrompt({ model: chain.model, prompt, maxTokens: BigInt(maxTokens) });
  const subscription = z.string().parse(await rpc.call('atoma_subscribe', { ticket_id: ticketId }));
  const failure = await new Promise<string | undefined>((resolve) =>
    rpc.onFrames(subscription, (frame) => {
      // The answer begins again: what stands in this line no longer counts.
      if (!json) process.stdout.write(frame.restarted ? '\n' : frame.text);
      if (frame.done) resolve(frame.error?.message);
    }),
  );
  const settlement =
    failure === undefined
      ? await user
          .waitForSettlement(ticketId, AbortSignal.timeout(SETTLEMENT_TIMEOUT_MS))
          .catch(() => undefined)
      : undefined;
  const settledAtMs = performance.timeOrigin + performance.now();
  const ticket = await committedTicket(rpc, ticketId, settlement?.state === 'settled');
  const settled = settlement?.state === 'settled';
  report(stage, ticketId, ticket, settled, settledAtMs, failure ?? ticket.error?.message);
  return settled;
}

/** The node's view of a ticket; the settlement can be known before the answer to its transaction is. */
async function committedTicket(
  rpc: RpcClient,
  ticketId: string,
  settled: boolean,
): Promise<z.infer<typeof TicketReply>> {
  for (let tries = 0; ; tries++) {
    const ticket = TicketReply.parse(await rpc.call('atoma_getTicket', { ticket_id: ticketId }));
    if (!settled || ticket.digest !== null || tries === RECEIPT_TRIES) return ticket;
    await delay(RECEIPT_INTERVAL_MS);
  }
}

function report(
  stage: Stage,
  ticketId: string,
  ticket: z.infer<typeof TicketReply>,
  settled: boolean,
  settledAtMs: number,
  failure: string | undefined,
): void {
  const { answer, received_at_ms: receivedAt, first_token_at_ms: firstTokenAt } = ticket;
  const line = {
    ticket_id: ticketId,
    text: answer?.text ?? '',
    input_tokens: answer?.input_tokens ?? 0,
    output_tokens: answer?.output_tokens ?? 0,
    root: answer?.root ?? null,
    leaf: answer?.leaf ?? null,
    digest: ticket.digest,
    settled,
    event_to_first_token_ms: firstTokenAt === null ? null : Math.round(firstTokenAt - receivedAt),
    event_to_settled_ms: settled ? Math.round(settledAtMs - receivedAt) : null,
    tokens_per_second: Math.round(answer?.tokens_per_second ?? 0),
    fee: stage.chain.feeEarned(ticketId, stage.operator.smallId) ?? null,
    ...(failure !== undefined && { error: failure }),
  };
  if (stage.json) {
    writeLine({ type: 'ticket', ...line });
    return;
  }
  process.stdout.write(
    `\n  ticket       ${line.ticket_id}\n  tokens       ${line.input_tokens} in, ${line.output_tokens} out, ${line.tokens_per_second} tokens/s\n  first token  ${line.event_to_first_token_ms} ms after the event, settled after ${line.event_to_settled_ms} ms\n  root         ${line.root}\n  transaction  ${line.digest}\n  fee earned   ${line.fee} TOMA units\n${settled ? '' : `  NOT SETTLED  ${failure ?? 'no settlement in time'}\n`}`,
  );
}

/** ChatML, the demo model's template: a prompt on chain is run as given, so its user writes it. */
function chatPrompt(question: string): string {
  return `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;
}
