import { AtomaError } from '../../core/index.js';
import { isCatalogued } from '../error-catalogue.js';
import type { Api, RpcMeters } from './rpc-meters.js';

/** What is no call of a method that the node has: clients can think of any number of names. */
const OTHER = 'other';

/** Tells how a call ended: with `error`, or well. To be called once. */
type End = (error?: unknown) => void;

/** Counts and times the calls of JSON-RPC. */
export class CallMeter {
  readonly #meters: RpcMeters;

  constructor(modules: { readonly meters: RpcMeters }) {
    this.#meters = modules.meters;
  }

  /**
   * A call begins.
   * @param method of the node; undefined where it is none of those, or no call at all
   */
  begin(api: Api, method: string | undefined): End {
    const startedAtMs = performance.now();
    return (error) => {
      const seconds = (performance.now() - startedAtMs) / 1000;
      this.#meters.answered({ api, method: method ?? OTHER, code: codeOf(error), seconds });
    };
  }
}

function codeOf(error: unknown): string {
  if (error === undefined) return 'ok';
  return error instanceof AtomaError && isCatalogued(error) ? error.code : 'internal';
}
