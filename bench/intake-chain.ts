import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { EVENT_LAYOUTS, floatToBits } from '#src/chain/index.js';
import { Devnet } from '#src/devnet/index.js';
import type { ChainCommand, ChainFacts, LiveEvent } from './intake-side.js';

/** A dev chain in a process of its own, that makes prompts faster than any user could send them. */
const devnet = await Devnet.start({}, { logger: pino({ level: 'silent' }) });
const node = devnet.addNode();
const type = `${devnet.packageId}::gate::Text2TextPromptEvent`;
/** The small id of a node that is none of ours. */
const OTHER_NODE = 1_000_000n;

function promptBytes(ticketId: string, smallId: bigint): Uint8Array {
  const params = {
    max_tokens: 256,
    model: devnet.model,
    pre_prompt_tokens: [],
    prepend_output_with_input: false,
    prompt: 'Once upon a time, in a house at the end of the village, lived a fox who could count to ten.',
    random_seed: 42,
    repeat_last_n: 64,
    repeat_penalty: floatToBits(1.1),
    should_stream_output: true,
    temperature: floatToBits(0.8),
    top_k: 40,
    top_p: floatToBits(0.9),
  };
  return EVENT_LAYOUTS['gate::Text2TextPromptEvent']
    .serialize({
      ticket_id: ticketId,
      params,
      chunks_count: 1,
      nodes: [{ inner: smallId }],
      output_destination: [],
    })
    .toBytes();
}

const newTicket = (): string => `0x${randomBytes(32).toString('hex')}`;

/** Each in a transaction and a checkpoint of its own, as prompts are. */
function fill(events: number, ownEvery: number): void {
  for (let n = 0; n < events; n++) {
    devnet.emitRaw(type, promptBytes(newTicket(), n % ownEvery === 0 ? node.smallId : OTHER_NODE));
  }
}

/** Prompts for the node at random moments, `meanGapMs` apart on average. */
async function live(events: number, meanGapMs: number): Promise<LiveEvent[]> {
  const sent: LiveEvent[] = [];
  for (let n = 0; n < events; n++) {
    await pause(-Math.log(1 - Math.random()) * meanGapMs);
    const bytes = promptBytes(newTicket(), node.smallId);
    const atMs = performance.timeOrigin + performance.now();
    sent.push({ id: devnet.emitRaw(type, bytes), atMs });
  }
  return sent;
}

process.on('message', async (command: ChainCommand) => {
  if (command.kind === 'fill') fill(command.events, command.ownEvery);
  process.send?.(command.kind === 'live' ? await live(command.events, command.meanGapMs) : []);
});
process.on('disconnect', () => process.exit(0));
const { url, packageId, atomaDbId } = devnet;
const { badgeId, smallId, secretKey } = node;
const facts: ChainFacts = {
  url,
  packageId,
  atomaDbId,
  badgeId,
  smallId: `${smallId}`,
  model: devnet.model,
  secretKey,
};
process.send?.(facts);
