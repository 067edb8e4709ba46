import type { Completion, StreamCommitment } from '../../core/index.js';
import type { RpcError } from '../error-catalogue.js';
import { encodeFrame } from './frame-encoder.js';

/** What ties a stream to the chain. */
export interface StreamProof {
  /** Of the whole text; where it is left out, that of the frames that were sent. */
  readonly hash?: string;
  readonly commitment?: StreamCommitment | undefined;
}

/** Where a client stands in a stream. */
export interface Place {
  /** Of the next token. */
  readonly index: number;
  /** Of all text so far; undefined where the client began in the middle and has got nothing yet. */
  readonly hash: string | undefined;
}

/** The notification of a frame that is JSON already but for its closing brace. */
export function frameNotification(id: string, frameJson: string): string {
  return `{"jsonrpc":"2.0","method":"atoma_subscription","params":{"subscription":"${id}","result":${frameJson}}}}`;
}

/** The answer begins again. */
export function restartNotification(id: string, place: Place): string {
  return frameNotification(id, `${encodeFrame({ ...place, text: '', tokens: [] })},"restarted":true`);
}

/** The last notification of a stream that went well. */
export function completionNotification(
  id: string,
  place: Place,
  text: string,
  end: { readonly wire: object; readonly commitment: StreamCommitment | undefined },
): string {
  const commitment = end.commitment === undefined ? '' : commitmentJson(end.commitment);
  return last(id, place, text, `${commitment},"completion":${JSON.stringify(end.wire)}`);
}

/** The last notification of a stream that failed. */
export function errorNotification(id: string, place: Place, text: string, error: RpcError): string {
  return last(id, place, text, `,"error":${JSON.stringify(error)}`);
}

/** Where a client stands that has all of an answer. */
export function placeAfter(completion: Completion, hash: string | undefined): Place {
  return { index: completion.tokens.length, hash };
}

function last(id: string, place: Place, text: string, json: string): string {
  return frameNotification(id, `${encodeFrame({ ...place, text, tokens: [] })},"done":true${json}`);
}

function commitmentJson({ root, leaf, leafIndex, chunksCount }: StreamCommitment): string {
  return `,"root":"${root}","leaf":"${leaf}","leaf_index":"${leafIndex}","chunks_count":"${chunksCount}"`;
}
