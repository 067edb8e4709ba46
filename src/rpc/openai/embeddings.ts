import pLimit from 'p-limit';
import type { ModelInfo } from '../../core/index.js';
import { meteredGenerate } from '../access/metered-generate.js';
import { catalogued } from '../error-catalogue.js';
import type { GenerateRequest } from '../node-api.js';
import { invalidRequest } from './errors.js';
import type { Exchange } from './exchange.js';
import { requestIdOfChoice, toPromptParams } from './generation/prompt-params.js';
import { modelOf } from './model-of.js';
import type { OpenAiModules } from './modules.js';
import { checkEmbeddingsBody, type EmbeddingsBody } from './schemas/embeddings.js';

/** Bytes of a number in an embedding that is written as base64: float32, little-endian. */
const FLOAT_BYTES = 4;

/**
 * `POST /v1/embeddings`: https://platform.openai.com/docs/api-reference/embeddings/create
 * @throws AtomaError `invalid_params`, `embeddings_unsupported`, and what `meteredGenerate` throws
 */
export async function embed(given: unknown, exchange: Exchange, modules: OpenAiModules): Promise<object> {
  const body = checkEmbeddingsBody(given);
  const model = modelOf(modules.node, body.model);
  checkDimensions(body, model);
  const results = await runAll(requestsOf(body, exchange.requestId), model, exchange, modules);
  const tokens = results.reduce((sum, { inputTokens }) => sum + inputTokens, 0);
  return {
    object: 'list',
    data: results.map(({ embedding }, index) => ({
      object: 'embedding',
      index,
      embedding: body.encoding_format === 'base64' ? toBase64(embedding) : embedding,
    })),
    model: body.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function checkDimensions({ dimensions, model }: EmbeddingsBody, { embeddingSize }: ModelInfo): void {
  if (embeddingSize === undefined) {
    throw catalogued('embeddings_unsupported', `The model '${model}' makes no embeddings here.`, {
      param: 'model',
    });
  }
  if (dimensions === undefined || dimensions === embeddingSize) return;
  throw invalidRequest(
    `Embeddings of the model '${model}' have ${embeddingSize} dimensions, and cannot be cut.`,
    'dimensions',
  );
}

function requestsOf(body: EmbeddingsBody, requestId: string): readonly GenerateRequest[] {
  const sampling = { model: body.model, temperature: 0, top_p: 1, stream: false };
  return body.input.map((input, index) => ({
    requestId: requestIdOfChoice(requestId, index),
    params: toPromptParams(sampling, input, { maxTokens: 0, seed: 0n }),
    reproducible: false,
    extras: { embed: true },
  }));
}

interface Embedded {
  readonly embedding: readonly number[];
  readonly inputTokens: number;
}

/** As many side by side as the model has sequences: of thousands of inputs most would be refused by the queue. */
async function runAll(
  requests: readonly GenerateRequest[],
  { workers, sequencesPerWorker }: ModelInfo,
  exchange: Exchange,
  { node, limits, scopes }: OpenAiModules,
): Promise<readonly Embedded[]> {
  const scope = exchange.openScope(limits, scopes);
  const inTurn = pLimit(workers * sequencesPerWorker);
  const onQueued = (place: NonNullable<Exchange['queuePlace']>): void => {
    exchange.queuePlace ??= place;
  };
  const run = (request: GenerateRequest): Promise<Embedded> =>
    scope.run(async (signal) => {
      const options = { signal, onTokens: undefined, onRestart: undefined, onQueued };
      const { completion } = await meteredGenerate(node, exchange.principal, request, options);
      if (completion.embedding === undefined) throw new Error('a job for an embedding gave none');
      return { embedding: completion.embedding, inputTokens: completion.inputTokens };
    });
  try {
    return await Promise.all(requests.map((request) => inTurn(() => run(request))));
  } catch (error) {
    inTurn.clearQueue();
    scope.end('Another input of this request failed.');
    throw error;
  }
}

function toBase64(embedding: readonly number[]): string {
  const bytes = Buffer.alloc(embedding.length * FLOAT_BYTES);
  for (const [index, value] of embedding.entries()) bytes.writeFloatLE(value, index * FLOAT_BYTES);
  return bytes.toString('base64');
}
