import { ChannelCredentials } from '@grpc/grpc-js';
import { SuiGrpcClient } from '@mysten/sui/grpc';
import { GrpcTransport } from '@protobuf-ts/grpc-transport';
import t from 'tap';
import { z } from 'zod';
import { commit, send } from '../e2e/devnet-client.js';
import { logged, Network, type Serving, until } from './network.js';

const PROMPT = 'What is Atoma?';
const TIMEOUT_MS = 60_000;
const Answer = z.object({ text: z.string(), input_tokens: z.number(), output_tokens: z.number() });
const Disputes = z.array(
  z.object({
    ticket_id: z.string(),
    state: z.string(),
    verdict: z.unknown(),
    findings: z.array(z.object({ node: z.string(), found: z.string() })),
    digest: z.string().nullable(),
    settlement_event: z.string().nullable(),
  }),
);

const disputes = async (serving: Serving) => Disputes.parse(await serving.call('atoma_listDisputes'));

t.test('an oracle that is killed after its verdict sends the same one in its next life', async (t) => {
  const network = await Network.start(t, { settlementTimeoutMs: BigInt(TIMEOUT_MS) });
  const { chain } = network;
  const transport = new GrpcTransport({
    host: chain.url.slice('http://'.length),
    channelCredentials: ChannelCredentials.createInsecure(),
  });
  t.teardown(() => transport.close());
  const client = new SuiGrpcClient({ network: 'devnet', transport });
  const [honest, liar] = [chain.addNode(), chain.addNode()];
  const seat = await network.seat(chain.addNode({ oracle: true }), {
    clientToml: 'oracle = true\nsettlement_timeout_ms = 500\n',
  });
  const first = await seat.serve();
  const params = { prompt: PROMPT, max_tokens: 4 };
  const right = Answer.parse(await first.call('atoma_generate', { model: chain.model, ...params }));

  const { ticketId, nodes } = await network.send({ prompt: PROMPT, maxTokens: 4n, nodesToSample: 2n });
  for (const [operator, text] of [
    [honest, right.text],
    [liar, `${right.text}!`],
  ] as const) {
    const leaf = { index: BigInt(nodes.indexOf(operator.smallId)), chunks: 2n };
    const counts = { inputTokens: BigInt(right.input_tokens), outputTokens: BigInt(right.output_tokens) };
    await send(client, operator, commit(chain, operator, { ticketId, text, ...leaf, ...counts }));
  }
  await logged(first.node, /judged a dispute: node \d+: leaf differs"/);
  await first.node.kill();

  const second = await seat.serve();
  const [judged] = await disputes(second);
  t.match(judged, { ticket_id: ticketId, state: 'judged', digest: null });
  t.strictSame(
    judged?.findings.toSorted((a, b) => Number(a.node) - Number(b.node)),
    [
      { node: `${honest.smallId}`, found: 'agrees' },
      { node: `${liar.smallId}`, found: 'leaf_differs' },
    ],
  );
  chain.advance(TIMEOUT_MS);
  await until('the dispute is settled', async () => (await disputes(second))[0]?.state === 'settled');
  const [settled] = await disputes(second);
  t.strictSame(settled?.verdict, judged?.verdict);
  t.ok(settled?.digest && settled.settlement_event?.startsWith(`${settled.digest}:`));
  t.match(chain.slashes(), [{ ticketId, smallId: liar.smallId, reason: 'dispute' }]);
  t.equal(chain.slashes().length, 1);
  t.ok((chain.feeEarned(ticketId, honest.smallId) ?? 0n) > 0n);
  t.notMatch(second.node.log, /judged a dispute/, 'the prompt was not run again');
  const metrics = await (await fetch(`${second.url}/metrics`)).text();
  t.match(metrics, /^atoma_disputes\{state="settled"\} 1$/m);
});
