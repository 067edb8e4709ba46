import { type ModelInfo, type StreamTarget, toErrorData } from '../core/index.js';
import type { GenerateOptions, GenerateRequest, GenerateResult } from '../rpc/index.js';
import type { Scheduler } from '../scheduler/index.js';
import type { StreamWriter, TokenStreams } from './token-streams.js';

interface Modules {
  readonly scheduler: Scheduler;
  readonly streams: TokenStreams;
  /** Those that are loaded. */
  readonly models: () => readonly ModelInfo[];
}

/** The requests of RPC clients that wait or run, each with a token stream that others can read, too. */
export class Requests {
  readonly #modules: Modules;
  readonly #running = new Set<Promise<unknown>>();

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  /** As `NodeApi.generate`, with params that are checked, on a node that runs. */
  async generate(request: GenerateRequest, options: GenerateOptions): Promise<GenerateResult> {
    const { streams } = this.#modules;
    const target = { kind: 'request', id: request.requestId } as const;
    const stream = streams.open(target);
    follow(streams, target, options);
    const running = this.#run(request, options, stream);
    this.#running.add(running);
    try {
      const result = await running;
      stream.end({ ok: true, completion: result.completion });
      return result;
    } catch (error) {
      stream.end({ ok: false, error: toErrorData(error) });
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Waits for those that there are now. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  async #run(
    { requestId, params, reproducible, extras }: GenerateRequest,
    { signal, onQueued, onProduced }: GenerateOptions,
    stream: StreamWriter,
  ): Promise<GenerateResult> {
    const { completion, queuedMs } = await this.#modules.scheduler.submit(
      { id: requestId, params, reproducible, ...(extras && { extras }) },
      { kind: 'request' },
      {
        signal,
        onTokens: (frame) => {
          onProduced?.(frame.index + frame.tokens.length);
          stream.push(frame);
        },
        onRestart: () => stream.restart(),
        onQueued: onQueued && ((position, expectedWaitMs) => onQueued({ position, expectedWaitMs })),
      },
    );
    return {
      ...{ requestId, completion, queuedMs },
      reproducible: reproducible || this.#isAlwaysReproducible(completion.profile),
    };
  }

  /** What shares a batch with a prompt leaves its bits alone, or nothing shares one. */
  #isAlwaysReproducible(profileId: string): boolean {
    return this.#modules
      .models()
      .filter(({ profile }) => profile.id === profileId)
      .some(({ profile, sequencesPerWorker }) => {
        return profile.verdict === 'batch-invariant' || sequencesPerWorker === 1;
      });
  }
}

/** The caller of a request is the first reader of its stream, where it wants to watch. */
function follow(streams: TokenStreams, target: StreamTarget, options: GenerateOptions): void {
  const { onTokens, onRestart } = options;
  if (onTokens === undefined) return;
  streams.subscribe(target, 0, {
    onFrame: onTokens,
    onRestart: () => onRestart?.(),
    onEnd: () => undefined,
  });
}
