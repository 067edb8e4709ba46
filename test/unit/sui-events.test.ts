import { GrpcTypes } from '@mysten/sui/grpc';
import fc from 'fast-check';
import t from 'tap';
import { EVENT_LAYOUTS, floatToBits } from '#src/chain/index.js';
import { EventDecoder, type RawEvent } from '#src/chain/sui/events.js';
import { readFrame } from '#src/chain/sui/frame-codec.js';
import { KeptTexts } from '#src/chain/sui/proto-reader.js';

const PACKAGE = `0x${'a7'.repeat(32)}`;
const U64_MAX = 2n ** 64n - 1n;

const u64 = fc.bigInt({ min: 0n, max: U64_MAX }).map(String);
const u32 = fc.nat({ max: 0xffff_ffff });
/** Every bit pattern of a float, NaNs and infinities often. */
const float = fc.oneof(u32, fc.constantFrom(0x7fc0_0000, 0x7f80_0001, 0x7f80_0000, 0xff80_0000, 0xc07f));
/** Any Unicode text, a byte order mark in front now and then. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string().map((rest) => `\uFEFF${rest}`),
);
const address = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`);
const smallId = fc.record({ inner: u64 });
const bytes = fc.uint8Array({ maxLength: 40 });
const nodes = fc.array(smallId, { maxLength: 5 });
const chunks = fc.bigInt({ min: 5n, max: 65_536n }).map(String);
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });

const VALUES = {
  'db::PublishedEvent': fc.record({ db: address, manager_badge: address }),
  'db::NodeRegisteredEvent': fc.record({ badge_id: address, node_small_id: smallId }),
  'db::NodeSubscribedToModelEvent': fc.record({
    node_small_id: smallId,
    model_name: text,
    echelon_id: fc.record({ id: u64 }),
  }),
  'gate::Text2TextPromptEvent': fc.record({
    ticket_id: address,
    params: fc.record({
      max_tokens: u64,
      model: text,
      pre_prompt_tokens: fc.array(u32, { maxLength: 10 }),
      prepend_output_with_input: fc.boolean(),
      prompt: text,
      random_seed: u64,
      repeat_last_n: u64,
      repeat_penalty: float,
      should_stream_output: fc.boolean(),
      temperature: float,
      top_k: u64,
      top_p: float,
    }),
    chunks_count: chunks,
    nodes,
    output_destination: bytes,
  }),
  'gate::Text2ImagePromptEvent': fc.record({
    ticket_id: address,
    params: fc.record({
      guidance_scale: float,
      height: u64,
      img2img: optional(text),
      img2img_strength: float,
      model: text,
      n_steps: u64,
      num_samples: u64,
      output_destination: bytes,
      prompt: text,
      random_seed: u64,
      uncond_prompt: text,
      width: u64,
    }),
    chunks_count: chunks,
    nodes,
    output_destination: bytes,
  }),
  'settlement::FirstSubmissionEvent': fc.record({ ticket_id: address, node_id: smallId }),
  'settlement::NewlySampledNodesEvent': fc.record({
    ticket_id: address,
    new_nodes: fc.array(fc.record({ node_id: smallId, order: u64 }), { maxLength: 5 }),
  }),
  'settlement::DisputeEvent': fc.record({
    ticket_id: address,
    timeout: optional(
      fc.record({
        timed_out_count: u64,
        timeout_ms: u64,
        started_in_epoch: u64,
        started_at_epoch_timestamp_ms: u64,
      }),
    ),
  }),
  'settlement::SettledEvent': fc.record({ ticket_id: address, oracle_node_id: optional(smallId) }),
  'settlement::RetrySettlementEvent': fc.record({ ticket_id: address, how_many_nodes_in_echelon: u64 }),
};

/** One layout and its values, without the types that tie them together. */
interface Case {
  readonly name: string;
  readonly values: fc.Arbitrary<unknown>;
  encode(value: unknown): Uint8Array;
  parse(bytes: Uint8Array): unknown;
}

function layoutCase<Input>(
  name: string,
  layout: {
    serialize(value: Input): { toBytes(): Uint8Array };
    parse(bytes: Uint8Array): unknown;
  },
  values: fc.Arbitrary<Input>,
): Case {
  return {
    name,
    values,
    encode: (value) => layout.serialize(value as Input).toBytes(),
    parse: (encoded) => layout.parse(encoded),
  };
}

const L = EVENT_LAYOUTS;
const CASES: readonly Case[] = [
  layoutCase('db::PublishedEvent', L['db::PublishedEvent'], VALUES['db::PublishedEvent']),
  layoutCase('db::NodeRegisteredEvent', L['db::NodeRegisteredEvent'], VALUES['db::NodeRegisteredEvent']),
  layoutCase(
    'db::NodeSubscribedToModelEvent',
    L['db::NodeSubscribedToModelEvent'],
    VALUES['db::NodeSubscribedToModelEvent'],
  ),
  layoutCase(
    'gate::Text2TextPromptEvent',
    L['gate::Text2TextPromptEvent'],
    VALUES['gate::Text2TextPromptEvent'],
  ),
  layoutCase(
    'gate::Text2ImagePromptEvent',
    L['gate::Text2ImagePromptEvent'],
    VALUES['gate::Text2ImagePromptEvent'],
  ),
  layoutCase(
    'settlement::FirstSubmissionEvent',
    L['settlement::FirstSubmissionEvent'],
    VALUES['settlement::FirstSubmissionEvent'],
  ),
  layoutCase(
    'settlement::NewlySampledNodesEvent',
    L['settlement::NewlySampledNodesEvent'],
    VALUES['settlement::NewlySampledNodesEvent'],
  ),
  layoutCase('settlement::DisputeEvent', L['settlement::DisputeEvent'], VALUES['settlement::DisputeEvent']),
  layoutCase('settlement::SettledEvent', L['settlement::SettledEvent'], VALUES['settlement::SettledEvent']),
  layoutCase(
    'settlement::RetrySettlementEvent',
    L['settlement::RetrySettlementEvent'],
    VALUES['settlement::RetrySettlementEvent'],
  ),
];

const KINDS: Readonly<Record<string, string>> = {
  'gate::Text2TextPromptEvent': 'prompt',
  'gate::Text2ImagePromptEvent': 'unsupported_prompt',
  'settlement::FirstSubmissionEvent': 'first_submission',
  'settlement::NewlySampledNodesEvent': 'new_nodes',
  'settlement::DisputeEvent': 'dispute',
  'settlement::SettledEvent': 'settled',
  'settlement::RetrySettlementEvent': 'retry_settlement',
  'db::NodeSubscribedToModelEvent': 'node_subscribed',
};

function rawEvent(name: string, value: Uint8Array, more: Partial<GrpcTypes.Event> = {}): GrpcTypes.Event {
  return GrpcTypes.Event.create({
    eventType: `${PACKAGE}::${name}`,
    contents: { value },
    transactionDigest: 'digest',
    eventIndex: 3,
    ...more,
  });
}

const decoder = new EventDecoder(PACKAGE);
const types = new KeptTexts();
/** As it comes over the wire. */
function overTheWire(event: GrpcTypes.Event): RawEvent {
  const message = { event, watermark: { cursor: Uint8Array.of(1) } };
  const { event: raw } = readFrame(GrpcTypes.SubscribeEventsResponse.toBinary(message), types);
  if (raw === undefined) throw new Error('the event is gone');
  return raw;
}
const decode = (event: GrpcTypes.Event) => decoder.decode(overTheWire(event), () => 'fallback');

t.test('every layout of the contract is covered', async (t) => {
  t.strictSame(CASES.map(({ name }) => name).sort(), Object.keys(EVENT_LAYOUTS).sort());
});

for (const { name, values, encode, parse } of CASES) {
  t.test(`${name}: what is written is read, and nothing but that`, async () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, at) => {
        const encoded = encode(value);
        const again = encode(parse(encoded));
        if (Buffer.compare(encoded, again) !== 0) return false;
        const event = decode(rawEvent(name, encoded));
        if (event?.kind !== (KINDS[name] ?? 'other') || event.id !== 'digest:3') return false;
        const cut = encoded.subarray(0, at % encoded.length);
        if (decode(rawEvent(name, cut))?.kind !== 'undecodable') return false;
        const longer = Buffer.concat([encoded, Buffer.from([at & 0xff])]);
        return decode(rawEvent(name, longer))?.kind === 'undecodable';
      }),
    );
  });

  t.test(`${name}: what is read is what its layout would have written`, async () => {
    const damage = fc.record({ at: fc.nat(), byte: fc.nat(255), insert: fc.boolean() });
    fc.assert(
      fc.property(values, fc.array(damage, { minLength: 1, maxLength: 3 }), (value, damages) => {
        let bytes = Buffer.from(encode(value));
        for (const { at, byte, insert } of damages) {
          const place = at % bytes.length;
          const rest = bytes.subarray(insert ? place : place + 1);
          bytes = Buffer.concat([bytes.subarray(0, place), Uint8Array.of(byte), rest]);
        }
        const accepted = decode(rawEvent(name, bytes))?.kind !== 'undecodable';
        return accepted === (isCanonical(bytes, parse, encode) && hasAnswerableChunks(bytes, name));
      }),
      { numRuns: 400 },
    );
  });

  t.test(`${name}: no bytes at all can throw`, async () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => decode(rawEvent(name, noise)) !== undefined),
    );
  });
}

/** Whether a layout reads the bytes and writes the same again. */
function isCanonical(bytes: Uint8Array, parse: Case['parse'], encode: Case['encode']): boolean {
  try {
    return Buffer.compare(encode(parse(bytes)), bytes) === 0;
  } catch {
    return false;
  }
}

function hasAnswerableChunks(bytes: Uint8Array, name: string): boolean {
  if (name !== 'gate::Text2TextPromptEvent') return true;
  const { chunks_count, nodes: named } = EVENT_LAYOUTS[name].parse(bytes);
  return BigInt(chunks_count) <= 65_536n && Number(chunks_count) >= Math.max(1, named.length);
}

const params = {
  max_tokens: U64_MAX,
  model: 'atoma-tiny',
  pre_prompt_tokens: [0, 0xffff_ffff],
  prepend_output_with_input: true,
  prompt: '\uFEFFhé 🦊',
  random_seed: U64_MAX - 1n,
  repeat_last_n: 64n,
  repeat_penalty: floatToBits(1.1),
  should_stream_output: true,
  temperature: floatToBits(Number.NaN),
  top_k: 0n,
  top_p: floatToBits(1),
};
const prompt = {
  ticket_id: `0x${'01'.repeat(32)}`,
  params,
  chunks_count: 3n,
  nodes: [{ inner: 7n }, { inner: U64_MAX }],
  output_destination: [1, 2, 255],
};
const promptBytes = (change: object): Uint8Array =>
  EVENT_LAYOUTS['gate::Text2TextPromptEvent'].serialize({ ...prompt, ...change }).toBytes();

t.test('a prompt arrives with all 64 bits of its numbers, its exact text and its floats', async (t) => {
  const event = decode(rawEvent('gate::Text2TextPromptEvent', promptBytes({})));
  if (event?.kind !== 'prompt') throw new Error(`kind is ${event?.kind}`);
  t.equal(event.params.maxTokens, U64_MAX);
  t.equal(event.params.randomSeed, U64_MAX - 1n);
  t.strictSame(event.params.prePromptTokens, [0, 0xffff_ffff]);
  t.equal(event.params.prompt, '\uFEFFhé 🦊');
  t.equal(event.params.repeatPenalty, Math.fround(1.1));
  t.ok(Number.isNaN(event.params.temperature));
  t.strictSame(event.nodes, [7n, U64_MAX]);
  t.equal(event.chunksCount, 3n);
  t.strictSame(event.outputDestination, Uint8Array.of(1, 2, 255));
  t.equal(event.ticketId, prompt.ticket_id);
});

t.test('a chunk count that cannot be answered is undecodable and says why', async (t) => {
  for (const chunks_count of [0n, 1n, 65_537n, U64_MAX]) {
    const event = decode(rawEvent('gate::Text2TextPromptEvent', promptBytes({ chunks_count })));
    t.match(event, {
      kind: 'undecodable',
      reason: new RegExp(`chunks_count is ${chunks_count} for 2 nodes`),
    });
  }
});

t.test('text that is no UTF-8 is undecodable', async (t) => {
  const encoded = Buffer.from(promptBytes({}));
  encoded[encoded.indexOf('atoma-tiny')] = 0xff;
  t.match(decode(rawEvent('gate::Text2TextPromptEvent', encoded)), { kind: 'undecodable' });
});

t.test('an unknown event of the package is passed on by its type', async (t) => {
  for (const name of ['gate::NewEvent', 'gate::Text2TextPromptEvent<0x2::sui::SUI>', 'toString::valueOf']) {
    const type = `${PACKAGE}::${name}`;
    t.match(decode(rawEvent(name, Buffer.alloc(3))), { kind: 'other', type, id: 'digest:3' });
  }
});

t.test('another package is none of our business, also under our names', async (t) => {
  const eventType = `0x${'b8'.repeat(32)}::gate::Text2TextPromptEvent`;
  t.equal(decode(rawEvent('', promptBytes({}), { eventType })), undefined);
});

t.test('an address in another spelling is the same package', async (t) => {
  const raw = rawEvent('', Buffer.alloc(64), { eventType: '0xA::db::PublishedEvent' });
  t.match(
    new EventDecoder('0x0a').decode(overTheWire(raw), () => 'fallback'),
    { kind: 'other' },
  );
});

t.test('what an endpoint leaves out makes an event undecodable, with an id of its own', async (t) => {
  const whole = rawEvent('gate::Text2TextPromptEvent', promptBytes({}));
  const without = (key: keyof GrpcTypes.Event): GrpcTypes.Event => {
    const { [key]: _, ...rest } = whole;
    return GrpcTypes.Event.create(rest);
  };
  const holes: readonly (readonly [GrpcTypes.Event, string])[] = [
    [without('transactionDigest'), 'fallback'],
    [without('eventIndex'), 'fallback'],
    [without('contents'), 'digest:3'],
    [{ ...whole, contents: { name: 'x' } }, 'digest:3'],
    [without('eventType'), 'digest:3'],
    [{ ...whole, eventType: 'nonsense' }, 'digest:3'],
    [{ ...whole, eventType: `0x${'a7'.repeat(33)}::gate::X` }, 'digest:3'],
  ];
  for (const [hole, id] of holes) t.match(decode(hole), { kind: 'undecodable', id });
});
