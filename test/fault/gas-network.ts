import { ChannelCredentials } from '@grpc/grpc-js';
import { SuiGrpcClient } from '@mysten/sui/grpc';
import { GrpcTransport } from '@protobuf-ts/grpc-transport';
import type { Test } from 'tap';
import { commit, send } from '../e2e/devnet-client.js';
import { Network, type Serving } from './network.js';

/** In MIST: gas for hundreds of commitments. */
export const PLENTY_MIST = 1_000_000_000n;

/** A dev chain whose tickets cost the node that commits first, and do not pay it back at once. */
export interface GasNetwork {
  readonly network: Network;
  readonly client: SuiGrpcClient;
  /** Asks two nodes, so that the first one to commit pays for storage and nothing settles by it. */
  ask(): Promise<string>;
  /** Commits as the other node to what the node at work has answered; the ticket settles by that. */
  agree(serving: Serving, ticketId: string): Promise<void>;
}

export async function startGasNetwork(t: Test): Promise<GasNetwork> {
  const network = await Network.start(t);
  const { chain } = network;
  const transport = new GrpcTransport({
    host: chain.url.slice('http://'.length),
    channelCredentials: ChannelCredentials.createInsecure(),
  });
  t.teardown(() => transport.close());
  const client = new SuiGrpcClient({ network: 'devnet', transport });
  const peer = chain.addNode();
  const ask = async () => (await network.send({ nodesToSample: 2n })).ticketId;
  const agree: GasNetwork['agree'] = async (serving, ticketId) => {
    const { answer, leaf_index } = await serving.ticket(ticketId);
    if (!answer) throw new Error(`no answer to ${ticketId}`);
    const { text, input_tokens, output_tokens } = answer;
    const counts = { inputTokens: BigInt(input_tokens), outputTokens: BigInt(output_tokens) };
    const leaf = { index: 1n - BigInt(leaf_index), chunks: 2n };
    await send(client, peer, commit(chain, peer, { text, ticketId, ...leaf, ...counts }));
  };
  return { network, client, ask, agree };
}
