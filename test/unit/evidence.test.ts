import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { checkMode } from '#src/cli/verify-flags.js';
import { verificationText } from '#src/cli/verify-report.js';
import type { PromptEvent, PromptParams, TicketAnswer } from '#src/core/index.js';
import { collectEvidence } from '#src/node/evidence/collect.js';
import { compareRun } from '#src/node/evidence/compare-run.js';
import { contradictions } from '#src/node/evidence/consistency.js';
import { paramsFromWire, paramsToWire } from '#src/node/evidence/params-wire.js';
import { readEvidenceFile } from '#src/node/evidence/read.js';
import { type Evidence, EvidenceSchema } from '#src/rpc/index.js';
import { Journal } from '#src/tickets/index.js';
import { numericProfile } from '#src/workers/index.js';
import { tempDir } from '../e2e/cli.js';
import { modelInfo } from '../e2e/rpc-fake-node.js';
import { PARAMS } from './prompt-params.js';

const WHO = { smallId: 18_446_744_073_709_551_615n, nodeBadgeId: '0xb' };
const PROFILE = numericProfile({
  ...{ weights: 'ab'.repeat(32), engine: 'e 1', build: 'b', backend: 'llama', device: 'a CPU', threads: 1 },
  ...{ contextSize: 512, batchSize: 256, flashAttention: false, sampler: 's1', verdict: 'exclusive' },
});

/** The contract's own vector: 'hello world', leaf 2 of 3. */
const ANSWER: TicketAnswer = {
  text: 'hello world',
  tokens: [7, 4_294_967_295],
  inputTokens: 3,
  promptTokens: [1, 2, 3],
  profile: PROFILE.id,
  outputTokens: 2,
  finishReason: 'stop',
  timings: { prefillMs: 1.5, decodeMs: 2.25 },
  root: '815448441fafe86866ca32713f34ae6add4730fd362b8caa669d7e096154e0a0',
  leaf: '2d5438f1881b616c824252c8b7a08debb70a4b764deeeac5bc6be4565dd4125f',
  tokensPerSecond: 100,
};

const event = (ticketId: string): PromptEvent => ({
  ...{ kind: 'prompt', id: `${ticketId}:0`, timestampMs: 7, checkpoint: 12n, ticketId },
  ...{ params: { ...PARAMS, temperature: Math.fround(0.7) }, chunksCount: 3n, nodes: [1n] },
  outputDestination: new Uint8Array(),
});

async function journalWith(t: Test, answer: TicketAnswer): Promise<Journal> {
  const path = join(await tempDir(t), 'journal.sqlite');
  const journal = Journal.open({ path, badge: '0xb' });
  t.teardown(() => journal.close());
  journal.setCursor({ chain: 'sui:4btiui', filter: 'package:0x1' }, 'c');
  journal.keepProfile(PROFILE, 'm', 'cpu');
  for (const id of ['waits', 'odd', 'done']) journal.open(event(id), 2n, 5000);
  for (const id of ['odd', 'done']) journal.step(id, 'running');
  journal.step('odd', 'skipped', { reason: 'temperature is NaN' });
  journal.step('done', 'answered', { answer, firstTokenAtMs: 9 });
  return journal;
}

async function evidenceOf(t: Test): Promise<Evidence> {
  return collectEvidence('done', WHO, await journalWith(t, ANSWER));
}

t.test('evidence is what the journal has, and survives JSON', async (t) => {
  const evidence = await evidenceOf(t);
  t.match(evidence, {
    format: 'atoma-evidence',
    node: { small_id: '18446744073709551615', badge_id: '0xb', chain_id: '4btiui' },
    params: { temperature: Math.fround(0.7), temperature_bits: 1_060_320_051 },
    leaf_index: '2',
    chunks_count: '3',
    profile: { id: PROFILE.id, context_size: 512, verdict: 'exclusive' },
    prompt_tokens: [1, 2, 3],
    output_tokens: [7, 4_294_967_295],
    input_tokens_count: '3',
    output_tokens_count: '2',
    digest: null,
    timings: { first_token_at_ms: 9, committed_at_ms: null, prefill_ms: 1.5 },
  });
  t.strictSame(EvidenceSchema.parse(JSON.parse(JSON.stringify(evidence))), evidence);
  t.strictSame(contradictions(evidence), []);
});

t.test('what an older journal did not keep is null; no answer is no evidence', async (t) => {
  const journal = await journalWith(t, { ...ANSWER, promptTokens: [], profile: '' });
  const evidence = collectEvidence('done', WHO, journal);
  t.match(evidence, { profile: null, prompt_tokens: null });
  t.strictSame(contradictions(EvidenceSchema.parse(evidence)), []);
  const ask = (id: string) => () => collectEvidence(id, WHO, journal);
  t.throws(ask('waits'), { code: 'not_ready', message: /is received: it has no answer yet/ });
  t.throws(ask('odd'), {
    code: 'not_found',
    message: /skipped \(temperature is NaN\): this node gave it no/,
  });
  t.throws(ask('0x1'), { code: 'not_found', message: /no ticket 0x1 is known/ });
  t.throws(() => collectEvidence('done', undefined, undefined), { code: 'not_found' });
});

t.test('params come back bit for bit', async () => {
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const f32 = fc.float({ noNaN: true, noDefaultInfinity: true });
  const floats = fc.record({ temperature: f32, topP: f32, repeatPenalty: f32 });
  const sizes = fc.record({ maxTokens: u64, randomSeed: u64, topK: u64, repeatLastN: u64 });
  fc.assert(
    fc.property(floats, sizes, fc.string({ unit: 'grapheme' }), (some, others, prompt) => {
      const params: PromptParams = { ...PARAMS, ...some, ...others, prompt };
      const wire: Evidence['params'] = JSON.parse(JSON.stringify(paramsToWire(params)));
      assert.deepStrictEqual(paramsFromWire(wire), params);
    }),
  );
});

t.test('each way to tamper with it is named', async (t) => {
  const evidence = await evidenceOf(t);
  const { profile, params } = evidence;
  const cases: readonly (readonly [Partial<Evidence>, RegExp])[] = [
    [{ text: 'hello world!' }, /^the text does not have the root 8154.* text or root was altered$/m],
    [{ leaf_index: '1' }, /^the text does not have the leaf 2d54.* text, leaf or leaf_index was altered$/m],
    [{ root: '00'.repeat(32) }, /root 0000/],
    [{ chunks_count: '2' }, /leaf_index is 2, and there are only 2 leaves/],
    [{ chunks_count: '18446744073709551615' }, /no ticket has so many/],
    [{ output_tokens: [7] }, /output_tokens_count is 2, and there are 1 tokens/],
    [{ input_tokens_count: '4' }, /input_tokens_count is 4, and there are 3 tokens/],
    [{ params: { ...params, temperature: 0.8 } }, /params\.temperature is 0\.8.* which is 0\.69/],
    [{ profile: profile && { ...profile, threads: 2 } }, /profile\.id is .* other fields have the id/],
  ];
  for (const [change, sentence] of cases) {
    t.match(contradictions({ ...evidence, ...change }).join('\n'), sentence);
  }
});

t.test('a file that is no evidence is refused with where and why', async (t) => {
  const dir = await tempDir(t);
  const evidence = await evidenceOf(t);
  const read = async (content: string | Uint8Array) => {
    const path = join(dir, 'file.json');
    await writeFile(path, content);
    return readEvidenceFile(path);
  };
  t.strictSame(await read(JSON.stringify(evidence, null, 2)), evidence);
  const refused = async (content: string | Uint8Array, message: RegExp) =>
    t.rejects(read(content), { code: 'bad_evidence', message });
  await refused('{"a": 1,\n,}', /file\.json cannot be used as evidence: it is no JSON: .*line 2 column 1/);
  await refused('[]', /it is not in the format atoma-evidence/);
  await refused(
    JSON.stringify({ ...evidence, version: 2 }),
    /has version 2, and this program reads version 1/,
  );
  await refused(JSON.stringify({ ...evidence, extra: 1 }), /"extra"/);
  await refused(JSON.stringify({ ...evidence, leaf: '0x' }), /leaf: wanted 64 hexadecimal digits/);
  await refused(
    JSON.stringify({ ...evidence, leaf_index: '18446744073709551616' }),
    /leaf_index: wanted a u64/,
  );
  await refused(`${JSON.stringify(evidence).slice(0, -1)},"text":"\\ud800"}`, /half of a surrogate pair/);
  await refused(
    JSON.stringify({ ...evidence, ticket_id: 'x\nequal: y' }),
    /ticket_id: holds control characters/,
  );
  await refused('{"\u001b[2J', /no JSON: \P{Cc}*$/u);
  await refused(Uint8Array.of(0xff), /no UTF-8/);
  await t.rejects(readEvidenceFile(join(dir, 'none.json')), {
    code: 'bad_evidence',
    message: /no such file/,
  });
});

t.test('a run is held against text, counts, root and leaf, where each token is the same', async (t) => {
  const evidence = await evidenceOf(t);
  const model = { ...modelInfo('m'), profile: PROFILE };
  t.match(compareRun(evidence, { completion: ANSWER, model }), {
    verdict: 'equal',
    profileDifferences: [],
    differences: [],
  });
  t.equal(
    compareRun({ ...evidence, profile: null }, { completion: ANSWER, model }).profileDifferences,
    undefined,
  );
  const text = 'hello world!';
  const lie = { ...evidence, text, root: '11'.repeat(32), leaf: '22'.repeat(32) };
  t.match(compareRun(lie, { completion: ANSWER, model }), {
    verdict: 'differs',
    differences: [
      { field: 'text', recorded: text, computed: 'hello world' },
      { field: 'root', computed: ANSWER.root },
      { field: 'leaf', computed: ANSWER.leaf },
    ],
  });
  const divergence = {
    ...{ index: 0, token: 1, text: 'a', probability: 0.5 },
    ...{ expected: 7, expectedText: 'b', expectedProbability: 0.25 },
  };
  const shorter = { ...ANSWER, text: '', tokens: [], promptTokens: [1, 2, 4], divergence };
  t.match(compareRun(evidence, { completion: shorter, model }), {
    verdict: 'differs',
    divergence,
    differences: [{ field: 'prompt_tokens', recorded: '[1,2,3]', computed: '[1,2,4]' }],
  });
});

t.test('people are told the profile first, then the first token that differs', async (t) => {
  const evidence = await evidenceOf(t);
  const text = verificationText(evidence, {
    verdict: 'differs',
    contradictions: [],
    profileDifferences: [{ field: 'threads', was: '1', is: '2' }],
    divergence: {
      ...{ index: 1, token: undefined, text: '', probability: 0.75 },
      ...{ expected: 7, expectedText: ' "L', expectedProbability: 0.25 },
    },
    differences: [],
    run: undefined,
  });
  t.equal(
    text,
    [
      'the numeric profile differs, so that answers need not agree:',
      '  threads: recorded 1, here 2',
      'differs: ticket done',
      '  the first token that differs is number 1 of 2, counted from 0:',
      '    recorded 7 " \\"L", which has probability 0.25 here',
      '    computed the end of the answer, with probability 0.75',
      '',
    ].join('\n'),
  );
});

t.test('verify does one of three things', async (t) => {
  t.equal(checkMode({ gpu: 'auto', ticket: '0x1', model: 'm' }), 'ticket');
  t.equal(checkMode({ gpu: 'auto', evidence: 'f' }), 'evidence');
  t.equal(checkMode({ gpu: 'auto', text: '-' }), 'hashes');
  const mixed = /--ticket ID, --evidence FILE, or --root HEX .*; more than one was given$/;
  t.throws(() => checkMode({ gpu: 'auto', ticket: '0x1', root: 'ab' }), { message: mixed });
  t.throws(() => checkMode({ gpu: 'auto' }), { message: /; none was given$/ });
});
