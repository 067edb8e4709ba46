import type { Completion, TokenFrame } from '../../../core/index.js';
import { meteredGenerate } from '../../access/metered-generate.js';
import type { CallScope } from '../../json-rpc/call-scope.js';
import type { GenerateRequest, NodeApi } from '../../node-api.js';
import type { Exchange } from '../exchange.js';
import { ResumedFrames } from './resumed-frames.js';

/** Who reads the choices of a request as they are made. */
export interface ChoiceReader {
  /** Frames of one choice, in order, none twice. */
  onFrame(choice: number, frame: TokenFrame): void;
  /** After its last frame. */
  onDone(choice: number, completion: Completion): void;
}

/** Around a run of choices. */
export interface ChoicesContext {
  readonly node: NodeApi;
  readonly exchange: Exchange;
  readonly scope: CallScope;
  /** Called where one of them has to wait for its turn. */
  readonly onQueued?: () => void;
}

/**
 * Runs the choices of a request side by side; where one fails, the others are cancelled.
 * @param reader undefined where nobody reads before the end
 * @returns completions in the order of `requests`
 * @throws AtomaError of the first that failed, once all have ended
 */
export async function runChoices(
  requests: readonly GenerateRequest[],
  context: ChoicesContext,
  reader?: ChoiceReader,
): Promise<readonly Completion[]> {
  const failures: unknown[] = [];
  const fail = (error: unknown): void => {
    failures.push(error);
    context.scope.end('Another choice of this request failed.');
  };
  const running = requests.map(async (request, choice) => {
    try {
      return await runChoice(request, choice, { ...context, fail }, reader);
    } catch (error) {
      fail(error);
      return undefined;
    }
  });
  const completions = await Promise.all(running);
  if (failures.length > 0) throw failures[0];
  return completions.filter((completion) => completion !== undefined);
}

async function runChoice(
  request: GenerateRequest,
  choice: number,
  { node, exchange, scope, onQueued, fail }: ChoicesContext & { readonly fail: (error: unknown) => void },
  reader: ChoiceReader | undefined,
): Promise<Completion> {
  const frames = new ResumedFrames();
  const onFrame = (frame: TokenFrame): void => {
    try {
      const fresh = frames.take(frame);
      if (fresh !== undefined) reader?.onFrame(choice, fresh);
    } catch (error) {
      fail(error);
    }
  };
  const { completion } = await scope.run((signal) =>
    meteredGenerate(node, exchange.principal, request, {
      signal,
      onTokens: reader && onFrame,
      onRestart: reader && (() => frames.restart()),
      onQueued: (place) => {
        exchange.queuePlace ??= place;
        onQueued?.();
      },
    }),
  );
  frames.end();
  reader?.onDone(choice, completion);
  return completion;
}
