import { EventEmitter, on } from 'node:events';
import type {
  Completion,
  Dispute,
  DisputeState,
  ModelInfo,
  StreamListener,
  StreamTarget,
  Ticket,
  TicketState,
} from '#src/core/index.js';
import { AtomaError } from '#src/core/index.js';
import type {
  ChatRequest,
  Evidence,
  GenerateOptions,
  GenerateRequest,
  GenerateResult,
  LoadModelRequest,
  LoadModelResult,
  NodeApi,
  NodeInfo,
  Readiness,
  UnloadModelRequest,
  UnloadModelResult,
} from '#src/rpc/index.js';
import { evidence } from '../fixtures/evidence.js';
import { PROFILE } from '../fixtures/profile.js';
import { FakeStream } from './rpc-fake-stream.js';

export { ticket, troubledInfo } from './rpc-fake-values.js';

type QueuePlace = Parameters<NonNullable<GenerateOptions['onQueued']>>[0];

/** A running `generate`. */
export interface FakeRun {
  readonly request: GenerateRequest;
  readonly signal: AbortSignal;
  readonly stream: FakeStream;
  /** It waits for its turn. */
  queue(place: QueuePlace): void;
  finish(completion: Completion): void;
  fail(error: unknown): void;
}

/** The node as the server sees it, with no engine: tests decide what is produced, and when. */
export class FakeNode implements NodeApi {
  models: ModelInfo[] = [modelInfo('tiny')];
  ready = true;
  info: NodeInfo = {
    version: '1.2.3',
    uptimeMs: 5,
    smallId: 18_446_744_073_709_551_615n,
    chain: undefined,
    hardware: {
      gpu: undefined,
      gpus: [],
      cpu: { model: 'a CPU', cores: 2 },
      memory: { totalBytes: 2_000_000_000, freeBytes: 1_000_000_000 },
    },
    models: [modelInfo('tiny')],
    failedModels: [],
    devices: [{ id: 'cpu', state: 'ready', models: ['tiny'], restarts: 0, lastFault: undefined }],
    queue: { waiting: 0, running: 1, capacity: 8 },
    tickets: { settled: 2 },
    lateTickets: 0,
    disputes: undefined,
    journal: undefined,
  };
  readonly tickets: Ticket[] = [];
  readonly disputes: Dispute[] = [];
  readonly streams = new Map<string, FakeStream>();
  /** Answers each request at once, where set. */
  answer: ((request: GenerateRequest) => Completion) | undefined;
  readonly #events = new EventEmitter();
  readonly #runs = on(this.#events, 'run');

  /** The next `generate` that was not looked at yet. */
  async nextRun(): Promise<FakeRun> {
    const { value } = await this.#runs.next();
    return value[0];
  }

  async generate(request: GenerateRequest, options: GenerateOptions): Promise<GenerateResult> {
    if (!this.models.some((model) => model.name === request.params.model)) {
      throw new AtomaError('unknown_model', `No model ${request.params.model}.`);
    }
    const { requestId, reproducible } = request;
    if (this.answer !== undefined) {
      return { requestId, completion: this.answer(request), reproducible, queuedMs: 0 };
    }
    const stream = new FakeStream();
    this.streams.set(`request:${requestId}`, stream);
    stream.read(0, {
      onFrame: (frame) => {
        options.onProduced?.(frame.index + frame.tokens.length);
        options.onTokens?.(frame);
      },
      onRestart: () => options.onRestart?.(),
      onEnd: () => {},
    });
    const { promise, resolve, reject } = withResolvers<GenerateResult>();
    const finish = (completion: Completion): void => {
      stream.finish({ ok: true, completion });
      resolve({ requestId, completion, reproducible, queuedMs: 7 });
    };
    options.signal.addEventListener('abort', () => reject(options.signal.reason), { once: true });
    this.#events.emit('run', {
      ...{ request, signal: options.signal, stream, finish, fail: reject },
      queue: (place: QueuePlace) => options.onQueued?.(place),
    });
    return promise;
  }

  renderChat({ messages }: ChatRequest): string {
    return messages.map(({ role, content }) => `${role}: ${content}\n`).join('');
  }

  getTicket(id: string): Ticket | undefined {
    return this.tickets.find((ticket) => ticket.id === id);
  }

  getEvidence(ticketId: string): Evidence {
    if (this.getTicket(ticketId) === undefined) throw new AtomaError('not_found', `No ticket ${ticketId}.`);
    return evidence(ticketId);
  }

  listTickets(query: { state: TicketState | undefined; limit: number }): readonly Ticket[] {
    const { state, limit } = query;
    return this.tickets.filter((ticket) => state === undefined || ticket.state === state).slice(0, limit);
  }

  listDisputes(query: { state: DisputeState | undefined; limit: number }): readonly Dispute[] {
    const { state, limit } = query;
    return this.disputes.filter((dispute) => state === undefined || dispute.state === state).slice(0, limit);
  }

  nodeInfo(): NodeInfo {
    return this.info;
  }

  listModels(): readonly ModelInfo[] {
    return this.models;
  }

  subscribe(target: StreamTarget, fromIndex: number, listener: StreamListener): () => void {
    const key = `${target.kind}:${target.id}`;
    if (target.kind === 'ticket' && !this.streams.has(key)) this.streams.set(key, new FakeStream());
    const stream = this.streams.get(key);
    if (stream === undefined) throw new AtomaError('not_found', `No request ${target.id}.`);
    return stream.read(fromIndex, listener);
  }

  readiness(): Readiness {
    return {
      ready: this.ready,
      reasons: this.ready ? [] : ['The model tiny is loading.'],
      warnings: this.info.failedModels.map(({ name, message }) => `${name}: ${message}`),
    };
  }

  /** What clients asked for, in order. */
  readonly modelRequests: (LoadModelRequest | UnloadModelRequest)[] = [];

  async loadModel(request: LoadModelRequest): Promise<LoadModelResult> {
    this.modelRequests.push(request);
    return { models: [modelInfo(request.name ?? 'loaded')], failedModels: this.info.failedModels };
  }

  async unloadModel(request: UnloadModelRequest): Promise<UnloadModelResult> {
    this.modelRequests.push(request);
    return { unloaded: [{ name: request.name, device: request.device ?? 'cpu' }] };
  }
}

export function modelInfo(name: string): ModelInfo {
  return {
    name,
    file: `${name}.gguf`,
    device: 'cpu',
    backend: 'llama',
    backendReason: 'no GPU was found',
    source: undefined,
    description: 'demo',
    parameters: 1_000_000,
    fileBytes: 2_000_000,
    contextSize: 512,
    trainedContextSize: 1024,
    workers: 2,
    sequencesPerWorker: 1,
    threads: 1,
    batchSize: 512,
    flashAttention: false,
    gpu: 'none',
    profile: PROFILE,
    verdictReason: 'nobody asked',
  };
}

export function completion(text: string, tokens: readonly number[]): Completion {
  return {
    text,
    tokens,
    inputTokens: 3,
    promptTokens: [1, 2, 3],
    profile: 'p',
    finishReason: 'stop',
    timings: { prefillMs: 2, decodeMs: 1 },
  };
}

function withResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
