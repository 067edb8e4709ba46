import { AtomaError } from '../../core/index.js';
import { catalogued, httpStatusOf, isCatalogued } from '../error-catalogue.js';

/** The body of every refusal: https://platform.openai.com/docs/guides/error-codes */
interface OpenAiError {
  readonly message: string;
  readonly type: string;
  /** The field of the request that is at fault, such as `messages[0].content`. */
  readonly param: string | null;
  readonly code: string | null;
}

/** An answer of HTTP that refuses. */
interface OpenAiRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: OpenAiError };
}

/** What a 503 asks for that does not know when it is over, s: a device process is back within some. */
const DEFAULT_RETRY_AFTER_S = 5;

/** OpenAI's `type` and `code` where they are not our own names. */
const KINDS: Readonly<Record<string, { readonly type: string; readonly code: string | null }>> = {
  unauthorized: { type: 'invalid_request_error', code: 'invalid_api_key' },
  forbidden: { type: 'permission_error', code: 'insufficient_permissions' },
  unknown_model: { type: 'invalid_request_error', code: 'model_not_found' },
  prompt_too_long: { type: 'invalid_request_error', code: 'context_length_exceeded' },
  busy: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  rate_limited: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  too_many_calls: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  invalid_params: { type: 'invalid_request_error', code: 'invalid_value' },
  route_not_found: { type: 'invalid_request_error', code: 'unknown_url' },
};

/**
 * A request that is refused for one of its fields.
 * @param code as OpenAI has it: `invalid_value`, `invalid_type`, `unknown_parameter`, …
 */
export function invalidRequest(message: string, param: string | null, code = 'invalid_value'): AtomaError {
  return catalogued('invalid_params', message, { param, code });
}

/** Any thrown value as OpenAI's API tells it; of what is no error of the catalogue only that the node failed. */
export function toOpenAiRefusal(error: unknown): OpenAiRefusal {
  const status = statusOf(error);
  return { status, headers: retryAfter(status, error), body: { error: describe(error, status) } };
}

/** A request is cancelled by its client, who reads no answer, or by a node that stops. */
function statusOf(error: unknown): number {
  return codeOf(error) === 'cancelled' ? 503 : httpStatusOf(error);
}

function describe(error: unknown, status: number): OpenAiError {
  if (!(error instanceof AtomaError) || !isCatalogued(error)) {
    const message = 'The node failed to answer this request; its log says why.';
    return { message, type: 'server_error', param: null, code: 'internal' };
  }
  const { message, fields } = error;
  const kind = KINDS[error.code];
  const code = text(fields['code']) ?? (kind === undefined ? error.code : kind.code);
  return { message, type: kind?.type ?? typeOf(status), param: text(fields['param']) ?? null, code };
}

function typeOf(status: number): string {
  if (status >= 500) return 'server_error';
  if (status === 403) return 'permission_error';
  return status === 429 ? 'rate_limit_error' : 'invalid_request_error';
}

/** Seconds (RFC 9110, 10.2.3), rounded up: a client that comes before would be refused again. */
function retryAfter(status: number, error: unknown): Record<string, string> {
  if (status !== 429 && status !== 503) return {};
  const waitMs = error instanceof AtomaError ? error.fields['retryAfterMs'] : undefined;
  const isKnown = typeof waitMs === 'number' && Number.isFinite(waitMs);
  return { 'retry-after': String(isKnown ? Math.max(1, Math.ceil(waitMs / 1000)) : DEFAULT_RETRY_AFTER_S) };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof AtomaError ? error.code : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
