import { AtomaError, messageOf } from '../../core/index.js';

/** What was asked of the hub, for errors. */
export interface HubQuestion {
  /** The hub's address. */
  readonly endpoint: string;
  /** `owner/name`; undefined for a question about no repository. */
  readonly repo: string | undefined;
  readonly revision: string | undefined;
  /** Whether a key was sent. */
  readonly withKey: boolean;
}

/** The part of a response that tells why it is none. */
export interface HubRefusal {
  readonly status: number;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
}

/** Codes of failures that another try may mend. */
const PASSING: ReadonlySet<string> = new Set(['hub_busy', 'hub_unavailable', 'hub_unreachable']);

/** Whether another try may mend it. */
export function isPassing(error: unknown): boolean {
  return error instanceof AtomaError && PASSING.has(error.code);
}

/** A response that is no answer, as an error. URLs of other machines stay out of it: they hold signatures. */
export function refusalOf(response: HubRefusal, question: HubQuestion): AtomaError {
  const { status } = response;
  const { endpoint } = question;
  const retryAfterMs = retryAfter(response.headers.get('retry-after'));
  const fields = { status, endpoint, repo: question.repo, retryAfterMs };
  if (status === 429) {
    const wait =
      retryAfterMs === undefined ? '' : `, it asks for ${Math.ceil(retryAfterMs / 1000)} s of patience`;
    return new AtomaError('hub_busy', `${endpoint} has had too many requests from here (429)${wait}`, {
      fields,
    });
  }
  // What the hub sends on to signs its links for some minutes only: the hub gives a new one.
  const expired = status === 403 && !isOf(endpoint, response.url);
  if (status >= 500 || status === 408 || expired) {
    return new AtomaError('hub_unavailable', `${endpoint} cannot answer at the moment (${status})`, {
      fields,
    });
  }
  if (status === 401 || status === 403) return forbidden(response, question);
  if (status === 404) return notFound(response, question);
  return new AtomaError('hub_refused', `${endpoint} refused the request (${status})`, { fields });
}

/** A connection that could not be made, broke or fell silent, as an error. */
export function connectionFailure(endpoint: string, cause: unknown): AtomaError {
  const inner = cause instanceof Error && cause.cause !== undefined ? `: ${messageOf(cause.cause)}` : '';
  return new AtomaError(
    'hub_unreachable',
    `the connection to ${endpoint} failed: ${messageOf(cause)}${inner}. HF_ENDPOINT names a mirror, HTTPS_PROXY a proxy.`,
    { fields: { endpoint }, cause },
  );
}

/** Whether a URL is the hub's own. */
export function isOf(endpoint: string, url: string): boolean {
  return URL.canParse(url) && new URL(url).origin === new URL(endpoint).origin;
}

/** `Retry-After` in ms: it is in seconds, or a date. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

function forbidden(response: HubRefusal, question: HubQuestion): AtomaError {
  const { endpoint, repo, withKey } = question;
  const code = response.headers.get('x-error-code');
  if (repo !== undefined && code === 'RepoNotFound') return notFound(response, question);
  const gated = code === 'GatedRepo';
  const fields = { status: response.status, endpoint, repo, gated };
  const what =
    repo === undefined ? `${endpoint} does not accept the key` : `${endpoint} does not give out ${repo}`;
  const key = withKey
    ? 'use a key of an account that has access'
    : 'set api_key in the model configuration, or HF_TOKEN for commands without one';
  const licence = gated ? `its licence has to be accepted first, at ${endpoint}/${repo}; then ` : '';
  return new AtomaError('model_forbidden', `${what} (${response.status}): ${licence}${key}`, { fields });
}

function notFound(response: HubRefusal, question: HubQuestion): AtomaError {
  const { endpoint, repo, revision, withKey } = question;
  const fields = { status: response.status, endpoint, repo, revision };
  const code = response.headers.get('x-error-code');
  const hidden = withKey ? 'the key may not see it' : 'it is private: then set api_key or HF_TOKEN';
  const what =
    code === 'RevisionNotFound'
      ? `${repo} has no revision ${JSON.stringify(revision)} at ${endpoint}`
      : code === 'EntryNotFound'
        ? `a file of ${repo} is gone from ${endpoint}`
        : `there is no repository ${repo} at ${endpoint}, or ${hidden}`;
  return new AtomaError('model_not_found', what, { fields });
}
