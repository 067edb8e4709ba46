import { fromHex, normalizeSuiAddress, toHex } from '@mysten/sui/utils';
import { invalidArgument } from '../status.js';

/** Items of a page where the client named no size, and the most there are. */
const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1000;
const ID_BYTES = 32;

interface PageRequest {
  readonly pageSize?: number;
  readonly pageToken?: Uint8Array;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: Uint8Array;
}

/**
 * One page of a list that is ordered by ids; the token is the last id of the page before.
 * @throws RpcFailure `INVALID_ARGUMENT` for a token that is no id
 */
export function pageById<T extends { readonly id: string }>(
  all: readonly T[],
  { pageSize, pageToken }: PageRequest,
): Page<T> {
  const after = pageToken === undefined || pageToken.length === 0 ? '' : readToken(pageToken);
  const rest = all.filter(({ id }) => id > after);
  const items = rest.slice(0, Math.min(pageSize || DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE));
  const last = items.at(-1);
  if (last === undefined || items.length === rest.length) return { items };
  return { items, nextPageToken: fromHex(last.id) };
}

function readToken(token: Uint8Array): string {
  if (token.length !== ID_BYTES)
    throw invalidArgument(`page_token has ${token.length} bytes, wanted ${ID_BYTES}`);
  return normalizeSuiAddress(toHex(token));
}
