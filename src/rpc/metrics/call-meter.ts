import { type Api, outcomeOf, type RpcMeters } from './rpc-meters.js';

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
      this.#meters.answered({ api, method: method ?? OTHER, code: outcomeOf(error), seconds });
    };
  }
}
