import type {
  Backend,
  Completion,
  Dispute,
  DisputeState,
  HashedFrame,
  ModelInfo,
  PromptParams,
  RequestExtras,
  StreamListener,
  StreamTarget,
  Ticket,
  TicketState,
} from '../core/index.js';
import type { Evidence } from './wire/evidence.js';

/** What the RPC server needs of the node it serves. */
export interface NodeApi {
  /**
   * Runs a prompt for a client. Other clients can read its tokens with `subscribe({ kind: 'request', id })`
   * while it runs.
   * @throws AtomaError `unknown_model`, `invalid_params`, `prompt_too_long`, `busy` (`retryAfterMs` in its
   * fields), `request_id_in_use`, `cancelled`, `device_died`, `job_killed_worker`,
   * `no_device`, `engine_failed`, `journal_failed`, `not_ready`.
   */
  generate(request: GenerateRequest, options: GenerateOptions): Promise<GenerateResult>;
  /**
   * A chat as a prompt, by the chat template of the model's own metadata.
   * @throws AtomaError `unknown_model`, `no_chat_template`, `chat_template_failed`, `not_ready`.
   */
  renderChat(chat: ChatRequest): string;
  /** @throws AtomaError `not_ready` before the journal is open, `journal_failed`. */
  getTicket(id: string): Ticket | undefined;
  /**
   * Newest first.
   * @throws AtomaError `not_ready` before the journal is open, `journal_failed`.
   */
  listTickets(query: { readonly state: TicketState | undefined; readonly limit: number }): readonly Ticket[];
  /**
   * What the answer of a ticket rests on, as others get it to check it.
   * @throws AtomaError `not_found` for a ticket that is not known or ended without an answer of this node,
   * `not_ready` where it has none yet, or before the journal is open; `journal_failed`.
   */
  getEvidence(ticketId: string): Evidence;
  /**
   * Disputes over tickets of this node and, where it is an oracle, over those of others; newest first.
   * @throws AtomaError `not_ready` before the journal is open, `journal_failed`.
   */
  listDisputes(query: {
    readonly state: DisputeState | undefined;
    readonly limit: number;
  }): readonly Dispute[];
  /**
   * Brings a model to its devices and waits for it; what goes wrong on one device leaves the others alone. It goes
   * on where the caller goes away.
   * @throws AtomaError `invalid_params`, `model_exists`; where it is then on no device, what it failed of, or
   * `no_model_loaded` with all of that
   */
  loadModel(request: LoadModelRequest): Promise<LoadModelResult>;
  /**
   * Takes a model off; jobs of it that run get some time to end. Resolves when its memory was given back.
   * @throws AtomaError `unknown_model`
   */
  unloadModel(request: UnloadModelRequest): Promise<UnloadModelResult>;
  nodeInfo(): NodeInfo;
  listModels(): readonly ModelInfo[];
  /**
   * Reads a stream from a token index: what was produced already is replayed, then it is live. A ticket that
   * the node has not seen yet may be subscribed to: its event can still be on the way. Where the stream
   * began again since index `fromIndex` could be read, the listener is told `onRestart` first, and served
   * from 0.
   * @throws AtomaError `not_found` for a request that does not exist, `busy`, `journal_failed`, `not_ready` for a
   * ticket before the journal is open.
   */
  subscribe(target: StreamTarget, fromIndex: number, listener: StreamListener): Unsubscribe;
  readiness(): Readiness;
}

type Unsubscribe = () => void;

export interface GenerateRequest {
  /** Chosen by the caller, unique among running requests. */
  readonly requestId: string;
  readonly params: PromptParams;
  /** See {@link Job.reproducible}. */
  readonly reproducible: boolean;
  readonly extras?: RequestExtras;
}

/** One turn of a chat, with whatever else its role has there (`tool_calls`, `tool_call_id`, `name`). */
export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  readonly [key: string]: unknown;
}

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** As OpenAI's API has them; templates that know none leave them out. */
  readonly tools?: readonly Readonly<Record<string, unknown>>[] | undefined;
}

export interface GenerateOptions {
  /** Cancels the request, queued or running; `generate` then rejects with `cancelled`. */
  readonly signal: AbortSignal;
  /**
   * The request's frames, in order from index 0, all of them before `generate` settles; never called for a
   * request that was refused.
   */
  readonly onTokens: ((frame: HashedFrame) => void) | undefined;
  /** The device died under the request, which runs again: frames start at index 0 again. */
  readonly onRestart: (() => void) | undefined;
  /**
   * Called with how many tokens the answer has, whenever there are more; fewer where it begins again. Costs less than
   * `onTokens`, for which frames are hashed.
   */
  readonly onProduced?: ((tokens: number) => void) | undefined;
  /** Called at most once, before anything else, where the request has to wait for its turn. */
  readonly onQueued?: ((place: QueuePlace) => void) | undefined;
}

/** Where a request stands that waits. */
export interface QueuePlace {
  /** Of its model's requests; 1 is next. */
  readonly position: number;
  /** As far as predicted, ms. */
  readonly expectedWaitMs: number;
}

export interface GenerateResult {
  readonly requestId: string;
  readonly completion: Completion;
  /** The same params give the same bytes on every node with the completion's numeric profile. */
  readonly reproducible: boolean;
  /** Time in the queue before a worker took it, in ms. */
  readonly queuedMs: number;
}

export interface LoadModelRequest {
  /** As `model_type` of the configuration; a local path has to be absolute. */
  readonly modelType: string;
  /** One label a replica: `cpu`, the index of a GPU, or its UUID. */
  readonly devices: readonly string[];
  /** What prompts call it; undefined: `modelType`, or the last part of its path. */
  readonly name: string | undefined;
  readonly precision: string;
  readonly revision: string;
  readonly useFlashAttention: boolean;
  readonly backend: Backend | 'auto';
}

export interface LoadModelResult {
  /** One for each device that has it now. */
  readonly models: readonly ModelInfo[];
  readonly failedModels: readonly FailedModelInfo[];
}

export interface UnloadModelRequest {
  readonly name: string;
  /** A label; undefined: every device that has the model. */
  readonly device: string | undefined;
}

export interface UnloadModelResult {
  readonly unloaded: readonly { readonly name: string; readonly device: string }[];
}

/** A model that a device does not serve although it was to. */
interface FailedModelInfo {
  readonly name: string;
  readonly device: string;
  /** Of the error. */
  readonly code: string;
  readonly message: string;
}

export interface Readiness {
  readonly ready: boolean;
  /** Why not, one sentence each. */
  readonly reasons: readonly string[];
  /** What is amiss although work is taken, one sentence each. */
  readonly warnings: readonly string[];
}

/** The machine as the node found it when it started. */
export interface HardwareInfo {
  /** What llama.cpp reaches GPUs through; undefined where it reaches none, or needs none. */
  readonly gpu: string | undefined;
  readonly gpus: readonly {
    readonly index: number;
    readonly uuid: string | undefined;
    readonly name: string;
    readonly memoryBytes: number | undefined;
    readonly freeBytes: number | undefined;
    readonly driver: string | undefined;
  }[];
  readonly cpu: { readonly model: string; readonly cores: number };
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
}

export interface NodeInfo {
  readonly version: string;
  readonly uptimeMs: number;
  readonly smallId: bigint | undefined;
  readonly chain:
    | {
        readonly name: string;
        readonly endpoint: string;
        readonly chainId: string | undefined;
        readonly address: string;
        readonly following: boolean;
        readonly checkpoint: string | undefined;
        /** Time since the newest checkpoint was seen, in ms. */
        readonly checkpointAgeMs: number | undefined;
        /** What the wallet has left for commitments; undefined until it was read. */
        readonly gas:
          | {
              /** In the chain's smallest unit. */
              readonly balance: bigint;
              readonly perCommitment: bigint;
              /** How many commitments that pays for. */
              readonly runwayTickets: number;
            }
          | undefined;
      }
    | undefined;
  /** undefined before it is known. */
  readonly hardware: HardwareInfo | undefined;
  readonly devices: readonly {
    readonly id: string;
    /** `loading`, `ready`, `restarting`, `quarantined` or `stopped`. */
    readonly state: string;
    readonly models: readonly string[];
    /** How often its process was started again since the node started. */
    readonly restarts: number;
    /** What ended its process last. */
    readonly lastFault: string | undefined;
    /** undefined where nothing is known of it. */
    readonly memory?:
      | {
          /** Of its process. */
          readonly residentBytes: number | undefined;
          /** Of its GPU, whoever uses it; undefined for the CPU and where the driver does not tell. */
          readonly gpu: { readonly usedBytes: number; readonly freeBytes: number } | undefined;
        }
      | undefined;
  }[];
  /** One a device. */
  readonly models: readonly ModelInfo[];
  readonly failedModels: readonly FailedModelInfo[];
  readonly queue: { readonly waiting: number; readonly running: number; readonly capacity: number };
  /** All tickets in the journal. */
  readonly tickets: Readonly<Partial<Record<TicketState, number>>>;
  /** Tickets that were committed after their deadline, or could not be. */
  readonly lateTickets: number;
  /** All disputes in the journal; undefined without a chain. */
  readonly disputes:
    | {
        readonly byState: Readonly<Partial<Record<DisputeState, number>>>;
        /** Settled ones in which this node's own commitment was right, and in which it was wrong. */
        readonly right: number;
        readonly wrong: number;
      }
    | undefined;
  /** undefined without a chain. */
  readonly journal: { readonly path: string; readonly fault: string | undefined } | undefined;
}
