import type { Genesis } from './genesis.js';
import type { DevnetOptions } from './options.js';
import { runAs } from './transactor.js';

/** The echelon that every model of the dev chain has. */
export const FIRST_ECHELON = 0n;
/** The contract's number for text2text. */
const TEXT2TEXT = 0n;
/** No other echelon to compare with. */
const RELATIVE_PERFORMANCE = 100n;

/** An echelon to be added; fees are the chain's own where they are not given. */
export interface EchelonRequest {
  readonly model: string;
  readonly echelon: bigint;
  /** In the smallest unit of TOMA. */
  readonly inputFeePerToken?: bigint;
  /** In the smallest unit of TOMA. */
  readonly outputFeePerToken?: bigint;
}

type Fees = Pick<DevnetOptions, 'inputFeePerToken' | 'outputFeePerToken'>;

/** A function of `db` about one model, for the manager. */
interface ManagerCall {
  readonly name: string;
  readonly model: string;
  /** What comes after the model's name, all u64. */
  readonly rest: readonly bigint[];
}

/** What the contract's manager adds: models, echelons and their oracles. */
export class Catalogue {
  readonly #fees: Fees;
  readonly #genesis: Genesis;

  constructor(fees: Fees, modules: { readonly genesis: Genesis }) {
    this.#fees = fees;
    this.#genesis = modules.genesis;
  }

  /**
   * Adds a model with its first echelon.
   * @param modality in the contract's numbering: 0 text2text, 1 text2image
   */
  addModel(name: string, modality = TEXT2TEXT): void {
    const added = { name: 'add_model_entry', model: name, rest: [modality] };
    this.#run([added, this.#echelonCall({ model: name, echelon: FIRST_ECHELON })]);
  }

  addEchelon(request: EchelonRequest): void {
    this.#run([this.#echelonCall(request)]);
  }

  addOracle(model: string, echelon: bigint, smallId: bigint): void {
    this.#run([{ name: 'add_oracle_to_echelon', model, rest: [echelon, smallId] }]);
  }

  #echelonCall(request: EchelonRequest): ManagerCall {
    const { model, echelon, inputFeePerToken, outputFeePerToken } = { ...this.#fees, ...request };
    const rest = [echelon, inputFeePerToken, outputFeePerToken, RELATIVE_PERFORMANCE];
    return { name: 'add_model_echelon_entry', model, rest };
  }

  #run(calls: readonly ManagerCall[]): void {
    const { manager, ids, ledger } = this.#genesis;
    runAs(ledger, manager.address, (tx) => {
      for (const { name, model, rest } of calls) {
        tx.moveCall({
          target: `${ids.packageId}::db::${name}`,
          arguments: [
            tx.object(ids.atomaDbId),
            tx.object(manager.badgeId),
            tx.pure.string(model),
            ...rest.map((value) => tx.pure.u64(value)),
          ],
        });
      }
    });
  }
}
