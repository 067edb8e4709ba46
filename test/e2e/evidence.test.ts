import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { commitmentLeaf, commitmentRoot } from '#src/chain/index.js';
import { RpcClient, type StreamFrame } from '#src/cli/rpc-client.js';
import { profileFromWire, profileToWire } from '#src/node/evidence/profile-wire.js';
import { EvidenceSchema } from '#src/rpc/index.js';
import { numericProfile } from '#src/workers/index.js';
import { logged, Network, type Seat } from '../fault/network.js';
import { textHash } from '../fixtures/text-hash.js';
import { MODEL_DIR, runCli, tempDir } from './cli.js';

const PERU = '<|im_start|>user\nWhat is the capital of Peru?<|im_end|>\n<|im_start|>assistant\n';
const CPU = ['--gpu', 'cpu'];
/** Seven programs start one after the other, a second or two of processor time each: on a busy machine, minutes. */
const BUSY_MACHINE_TIMEOUT_MS = 300_000;

function argsOf({ files }: Seat): string[] {
  return [
    ...['--model-config-path', files.modelConfigPath],
    ...['--sui-subscriber-path', files.suiSubscriberPath],
    ...['--atoma-sui-client-config-path', files.atomaSuiClientConfigPath],
  ];
}

/** Reads a ticket's tokens to their end as a client that minds the hashes does. */
async function readHashed(url: string, params: Record<string, unknown>): Promise<StreamFrame[]> {
  const rpc = await RpcClient.connect(url);
  try {
    const subscription = String(await rpc.call('atoma_subscribe', params));
    const frames: StreamFrame[] = [];
    await new Promise<void>((resolve) => {
      rpc.onFrames(subscription, (frame) => {
        frames.push(frame);
        if (frame.done) resolve();
      });
    });
    return frames;
  } finally {
    rpc.close();
  }
}

t.setTimeout(BUSY_MACHINE_TIMEOUT_MS);
t.test('an answer can be proved: streams, evidence, and what verify says of it', async (t) => {
  t.setTimeout(BUSY_MACHINE_TIMEOUT_MS);
  const network = await Network.start(t);
  const seat = await network.seat(network.chain.addNode());
  const serving = await seat.serve();
  const sent = await network.send({ prompt: PERU, maxTokens: 32n, temperature: 0.7, topP: 0.9 });
  const { ticketId } = sent;
  const live = await readHashed(serving.url, { ticket_id: ticketId });
  await network.settled(ticketId);
  await serving.settledInJournal(ticketId);
  const committed = network.chain.commitments().find((one) => one.ticketId === ticketId);
  const dir = await tempDir(t);
  const file = join(dir, 'evidence.json');

  await t.test('a client holds what it read against the chain', async (t) => {
    let text = '';
    for (const frame of live) {
      text += frame.text;
      t.equal(frame.hash, textHash(text), `index ${frame.index}`);
    }
    const late = await readHashed(serving.url, { ticket_id: ticketId, from_index: 3 });
    for (const last of [live.at(-1), late.at(-1)]) {
      t.match(last, { done: true, hash: textHash(text), leaf_index: '0' });
      t.match(last, { root: committed?.root, leaf: commitmentOf(text).leaf });
    }
  });

  await t.test('the same evidence by RPC and from the journal beside the node', async (t) => {
    const out = await runCli(['evidence', ticketId, '--out', file, ...argsOf(seat)]);
    t.match(out, { code: 0, stdout: `evidence of ticket ${ticketId} is in ${file}\n`, stderr: '' });
    t.equal((await stat(file)).mode & 0o777, 0o600, "a user's prompt is in it");
    const evidence: unknown = JSON.parse(await readFile(file, 'utf8'));
    t.strictSame(await serving.call('atoma_getEvidence', { ticket_id: ticketId }), evidence);
    t.match(evidence, {
      format: 'atoma-evidence',
      version: 1,
      ticket_id: ticketId,
      node: { small_id: '1', badge_id: seat.operator.badgeId, chain_id: String },
      params: { prompt: PERU, temperature: Math.fround(0.7), temperature_bits: 1060320051, max_tokens: '32' },
      root: committed?.root,
      leaf: commitmentOf(live.map(({ text }) => text).join('')).leaf,
      digest: committed?.digest,
      input_tokens_count: '17',
      profile: { weights: await sha256(join(MODEL_DIR, 'atoma-tiny.Q8_0.gguf')), backend: 'llama' },
      timings: { received_at_ms: Number, committed_at_ms: Number, prefill_ms: Number },
    });
  });
  t.equal(await serving.node.stop(), '0');

  await t.test('a changed profile is said at the next start', async (t) => {
    t.notMatch(serving.node.log, /profile of .* has changed/);
    await appendFile(seat.files.modelConfigPath, 'batch_size = 128\n');
    const again = await seat.serve();
    await logged(again.node, /profile of atoma-tiny on cpu has changed.*batch_size was 512 and is 128\./);
    t.equal(await again.node.stop(), '0');
  });

  const evidence = EvidenceSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  const verify = async (change: object, ...args: readonly string[]) => {
    const changed = join(dir, `${Math.random()}.json`);
    await writeFile(changed, JSON.stringify({ ...evidence, ...change }));
    return runCli(['verify', '--evidence', changed, '--model', MODEL_DIR, ...CPU, ...args]);
  };

  await t.test('verify runs it again, and says equal or where it differs', async (t) => {
    const tokens = evidence.output_tokens.with(2, 77);
    assert(evidence.profile !== null);
    const { id: _, ...facts } = profileFromWire(evidence.profile);
    const profile = profileToWire(numericProfile({ ...facts, sampler: 'another', verdict: 'exclusive' }));
    const own = await runCli(['verify', '--ticket', ticketId, ...argsOf(seat), ...CPU]);
    t.match(own, {
      code: 0,
      stdout: new RegExp(`^equal: ticket ${ticketId}: text, 17 \\+ \\d+ tokens, root, and leaf 0 of 1\n$`),
      stderr: '',
    });
    const token = await verify({ output_tokens: tokens, profile }, '--json');
    t.equal(token.code, 1);
    t.match(JSON.parse(token.stdout), {
      type: 'verification',
      verdict: 'differs',
      profile_differences: [
        { field: 'verdict', recorded: 'exclusive', here: 'batch-invariant' },
        { field: 'sampler', recorded: 'another' },
      ],
      divergence: {
        index: 2,
        recorded_token: 77,
        recorded_text: String,
        recorded_probability: Number,
        computed_token: evidence.output_tokens[2],
        computed_text: String,
        computed_probability: Number,
      },
    });
  });

  await t.test('what needs no run is told at once', async (t) => {
    const broken = join(dir, 'broken.json');
    await writeFile(broken, '{"format": "atoma-evidence",\n "version": 1,,}');
    const [text, syntax] = await Promise.all([
      verify({ text: `${evidence.text}!` }),
      runCli(['verify', '--evidence', broken, '--model', MODEL_DIR]),
    ]);
    t.match(text, {
      code: 1,
      stdout: /contradicts itself; nothing was run\nthe text does not have the root/,
    });
    t.match(syntax, {
      code: 2,
      stderr: /broken\.json cannot be used as evidence: it is no JSON: .*line 2 column/,
    });
  });
});

/** Of a ticket of one leaf. */
function commitmentOf(text: string): { readonly root: string; readonly leaf: string } {
  const data = Buffer.from(text);
  const [root, leaf] = [commitmentRoot(data, 1n), commitmentLeaf(data, 0n)].map((bytes) =>
    Buffer.from(bytes).toString('hex'),
  );
  return { root: root ?? '', leaf: leaf ?? '' };
}

async function sha256(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
