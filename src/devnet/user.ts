import { SimulationError, type SuiClientTypes } from '@mysten/sui/client';
import type { Signer } from '@mysten/sui/cryptography';
import type { Transaction } from '@mysten/sui/transactions';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import type { Logger } from 'pino';
import {
  abortSentence,
  chainUnavailable,
  type Endpoint,
  EVENT_LAYOUTS,
  EventFollower,
  EventSource,
  isTransient,
  keypairFromExport,
  openEndpoint,
  SerialQueue,
  Tip,
} from '../chain/index.js';
import { AtomaError, messageOf } from '../core/index.js';
import { type ImagePromptRequest, imagePromptTransaction } from './image-prompt.js';
import {
  gateTransaction,
  type PromptObjects,
  type PromptRequest,
  sendPromptTransaction,
} from './prompt-transaction.js';
import { type Settlement, SettlementWatch } from './settlement-watch.js';

/** The dev chain answers in ms; a user of a real one waits as long as a node does. */
const CALL_TIMEOUT_MS = 10_000;
/** Checkpoints come several times a second: a stream silent for so long is dead. */
const IDLE_LIMIT_MS = 30_000;
const SPOOL_LIMIT_BYTES = 32 * 1024 * 1024;

export interface PromptUserOptions extends PromptObjects {
  /** gRPC endpoint, `http://host:port` or `https://host:port`. */
  readonly url: string;
  /** `suiprivkey1…` */
  readonly secretKey: string;
}

/** A prompt that the chain took. */
export interface SentPrompt {
  readonly ticketId: string;
  /** Of the transaction. */
  readonly digest: string;
  /** Small ids of the sampled nodes, in leaf order. */
  readonly nodes: readonly bigint[];
  /** What the contract made of the request's seed, or drew. */
  readonly randomSeed: bigint;
}

/** A user of the network who knows an endpoint of the chain and nothing else: no node, no RPC. */
export class PromptUser {
  readonly #options: PromptUserOptions;
  readonly #logger: Logger;
  readonly #keypair: Signer;
  readonly #endpoint: Endpoint;
  /** Transactions in parallel would name the same version of the gas coin. */
  readonly #queue = new SerialQueue();
  readonly #watch = new SettlementWatch();
  readonly #closing = new AbortController();
  #reading: Promise<void> | undefined;
  #started: Promise<void> | undefined;

  /**
   * Nothing is sent before the first call of a method.
   * @throws AtomaError `invalid_key`, `invalid_endpoint`
   */
  constructor(options: PromptUserOptions, modules: { readonly logger: Logger }) {
    this.#options = options;
    this.#logger = modules.logger;
    this.#keypair = keypairFromExport(options.secretKey);
    this.#endpoint = openEndpoint({ url: options.url, callTimeoutMs: CALL_TIMEOUT_MS });
  }

  get address(): string {
    return this.#keypair.toSuiAddress();
  }

  /**
   * Resolves once the contract's events are followed: prompts sent after that are certain to be seen settling,
   * also over lost connections.
   */
  start(): Promise<void> {
    this.#started ??= this.#follow();
    return this.#started;
  }

  /**
   * Sends a prompt through `prompts::send_prompt`; calls go one after another.
   * @throws AtomaError `prompt_rejected`, with the contract's code in `fields.abortCode` where it said no;
   * `closed`; `chain_unavailable`, after which the prompt may or may not have been sent
   */
  sendPrompt(request: PromptRequest): Promise<SentPrompt> {
    return this.#send(() => sendPromptTransaction(request, this.#options));
  }

  /** As {@link PromptUser.sendPrompt}, through `gate::submit_text2text_prompt` with a seed of one's own. */
  sendPromptThroughGate(request: PromptRequest, randomSeed: bigint): Promise<SentPrompt> {
    return this.#send(() => gateTransaction(request, randomSeed, this.#options));
  }

  /** As {@link PromptUser.sendPrompt}, for an image, with a random seed of one's own. */
  sendImagePrompt(request: ImagePromptRequest, randomSeed: bigint): Promise<SentPrompt> {
    return this.#send(() => imagePromptTransaction(request, randomSeed, this.#options));
  }

  /**
   * Resolves once a ticket has settled or is in dispute, at once where that was seen already.
   * @throws AtomaError `not_started`; `cancelled` when `signal` aborts; `closed`; what ended the event stream
   */
  async waitForSettlement(ticketId: string, signal: AbortSignal): Promise<Settlement> {
    if (this.#started === undefined) {
      throw new AtomaError('not_started', 'call start() before prompts are sent, or settlements are missed');
    }
    return await this.#watch.wait(ticketId, signal);
  }

  /** Ends whatever runs, and the connection; the process can exit then. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#watch.end(new AtomaError('closed', 'the user was closed'));
    this.#endpoint.close();
    await this.#reading;
  }

  #follow(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#reading = this.#readEvents(resolve).catch((cause: unknown) => {
        const error =
          cause instanceof AtomaError
            ? cause
            : new AtomaError('chain_unavailable', `the event stream ended: ${messageOf(cause)}`, { cause });
        this.#watch.end(error);
        reject(error);
      });
    });
  }

  async #readEvents(onFirst: () => void): Promise<void> {
    const { signal } = this.#closing;
    const endpoint = this.#endpoint;
    const packageId = normalizeSuiAddress(this.#options.packageId);
    const { chainIdentifier: chainId } = await endpoint.client.core.getChainIdentifier();
    const source = new EventSource({ packageId, idleLimitMs: IDLE_LIMIT_MS }, { endpoint });
    const follower = new EventFollower(
      { chainId, packageId, spoolLimitBytes: SPOOL_LIMIT_BYTES },
      { source, endpoint, tip: new Tip(), logger: this.#logger },
    );
    await this.#watch.read(follower.follow({ after: undefined, acceptGap: false, signal }), onFirst);
    throw new AtomaError('closed', 'the user was closed');
  }

  #send(build: () => Transaction): Promise<SentPrompt> {
    return this.#queue.run(async () => {
      if (this.#closing.signal.aborted) throw new AtomaError('closed', 'the user was closed');
      return this.#sentPrompt(await this.#execute(build()));
    });
  }

  async #execute(transaction: Transaction) {
    const { client } = this.#endpoint;
    const include = { effects: true, events: true } as const;
    const signer = this.#keypair;
    try {
      const result = await client.signAndExecuteTransaction({ transaction, signer, include });
      if (result.$kind === 'Transaction') return result.Transaction;
      const { digest, status } = result.FailedTransaction;
      throw promptRejected(status.error ?? undefined, digest);
    } catch (error) {
      if (isTransient(error)) throw chainUnavailable(this.#endpoint.url, 'sending a prompt', error);
      if (error instanceof SimulationError) throw promptRejected(error.executionError, undefined, error);
      throw error;
    }
  }

  #sentPrompt(executed: {
    readonly digest: string;
    readonly events: readonly { readonly eventType: string; readonly bcs: Uint8Array }[];
  }): SentPrompt {
    const event = promptEvent(executed.events);
    if (event === undefined) {
      const message = `transaction ${executed.digest} succeeded without a prompt event; is ${this.#options.packageId} the contract?`;
      throw new AtomaError('prompt_rejected', message, { fields: { digest: executed.digest } });
    }
    return {
      ticketId: event.ticket_id,
      digest: executed.digest,
      nodes: event.nodes.map(({ inner }) => BigInt(inner)),
      randomSeed: BigInt(event.params.random_seed),
    };
  }
}

/** The prompt event of either modality among a transaction's. */
function promptEvent(events: readonly { readonly eventType: string; readonly bcs: Uint8Array }[]) {
  for (const { eventType, bcs } of events) {
    for (const name of ['gate::Text2TextPromptEvent', 'gate::Text2ImagePromptEvent'] as const) {
      if (eventType.endsWith(`::${name}`)) return EVENT_LAYOUTS[name].parse(bcs);
    }
  }
  return undefined;
}

function promptRejected(
  error: SuiClientTypes.ExecutionError | undefined,
  digest: string | undefined,
  cause?: unknown,
): AtomaError {
  const code = error?.$kind === 'MoveAbort' ? Number(error.MoveAbort.abortCode) : undefined;
  const reason = error?.message ?? (cause === undefined ? 'it failed without a reason' : messageOf(cause));
  const sentence = code === undefined ? '' : `: ${abortSentence(code)}`;
  return new AtomaError('prompt_rejected', `the chain refused the prompt: ${reason}${sentence}`, {
    cause,
    fields: { abortCode: code, digest },
  });
}
