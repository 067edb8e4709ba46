import { ABORT, EVENT_LAYOUTS } from '../../chain/index.js';
import type { Call } from '../move/function.js';
import { badgeContents, badgeSmallId } from './badge.js';
import type { Database } from './database.js';
import { emitEvent } from './emit.js';
import { rollFees } from './fees.js';
import { nodeBadgeType } from './names.js';
import type { Echelon, Model, Node } from './records.js';

/** What a node deposits when it registers, in the smallest unit of TOMA; the contract's is set by its owner. */
export const COLLATERAL = 1_000_000_000n;
/** Epochs that must pass between disabling a node and taking its collateral back. */
const DESTROY_AFTER_EPOCHS = 2n;
/** The modalities that the contract knows: text2text and text2image. */
const MODALITIES = 2n;

/** Module `atoma::db`: nodes, models and echelons. */
export class Registry {
  readonly #database: Database;
  readonly #settlementTimeoutMs: bigint;

  constructor(options: { readonly settlementTimeoutMs: bigint }, modules: { readonly database: Database }) {
    this.#settlementTimeoutMs = options.settlementTimeoutMs;
    this.#database = modules.database;
  }

  /** `register_node_entry(db, coin)` */
  register({ args, context }: Call): undefined {
    const { ids } = this.#database;
    args.balance(1).split(COLLATERAL);
    const smallId = this.#database.takeSmallId(args.object(0));
    const badgeId = context.newId();
    this.#database.nodes.set(smallId, {
      smallId,
      badgeId,
      collateral: COLLATERAL,
      disabledInEpoch: undefined,
      subscriptions: [],
      availableFee: 0n,
      lastFeeEpoch: 0n,
      lastFeeEpochAmount: 0n,
    });
    const badge = {
      kind: 'object',
      id: badgeId,
      type: nodeBadgeType(ids),
      contents: badgeContents(badgeId, smallId),
    } as const;
    context.transfer(badge, context.sender);
    const event = { badge_id: badgeId, node_small_id: { inner: smallId } };
    const layout = EVENT_LAYOUTS['db::NodeRegisteredEvent'];
    emitEvent(context, ids, 'db::NodeRegisteredEvent', layout.serialize(event));
  }

  /** `add_node_to_model(db, badge, model_name, echelon)` */
  subscribe(call: Call): undefined {
    const { args, context } = call;
    const node = this.#active(call);
    const model = this.#model(call, args.text(2));
    const echelon = this.#echelon(call, model, args.u64(3));
    if (node.subscriptions.some((subscription) => subscription.model === model.name)) {
      throw call.abort(ABORT.alreadySubscribed, `node ${node.smallId} is subscribed to '${model.name}'`);
    }
    this.#database.putEchelon(model, { ...echelon, nodes: [...echelon.nodes, node.smallId] });
    const subscriptions = [...node.subscriptions, { model: model.name, echelon: echelon.id }];
    this.#database.nodes.set(node.smallId, { ...node, subscriptions });
    const event = EVENT_LAYOUTS['db::NodeSubscribedToModelEvent'].serialize({
      node_small_id: { inner: node.smallId },
      model_name: model.name,
      echelon_id: { id: echelon.id },
    });
    emitEvent(context, this.#database.ids, 'db::NodeSubscribedToModelEvent', event);
  }

  /** `remove_node_from_model(db, badge, model_name, node_index)` */
  unsubscribe(call: Call): undefined {
    const { args } = call;
    const node = this.#database.node(badgeSmallId(args.object(1).contents));
    const model = this.#database.model(args.text(2));
    const subscription = node.subscriptions.find((entry) => entry.model === model.name);
    if (subscription === undefined) {
      throw call.abort(ABORT.notSubscribed, `node ${node.smallId} is not subscribed to '${model.name}'`);
    }
    const echelon = this.#echelon(call, model, subscription.echelon);
    const index = Number(args.u64(3));
    if (echelon.nodes[index] !== node.smallId) {
      throw call.abort(ABORT.nodeIndexMismatch, `node ${node.smallId} is not at index ${index}`);
    }
    this.#database.putEchelon(model, { ...echelon, nodes: swapRemove(echelon.nodes, index) });
    const subscriptions = node.subscriptions.filter((entry) => entry !== subscription);
    this.#database.nodes.set(node.smallId, { ...node, subscriptions });
  }

  /** `permanently_disable_node(db, badge)` */
  disable(call: Call): undefined {
    const node = this.#active(call);
    this.#database.nodes.set(node.smallId, { ...node, disabledInEpoch: call.context.epoch });
  }

  /**
   * `destroy_disabled_node(db, badge)`: pays what is left of the collateral back, and all fees. Tickets that
   * await the node do not hold it (the dev chain's own rule): they have timed out by then.
   */
  destroy(call: Call): undefined {
    const { args, context } = call;
    const badge = args.object(1);
    const node = this.#database.node(badgeSmallId(badge.contents));
    if (node.disabledInEpoch === undefined || context.epoch < node.disabledInEpoch + DESTROY_AFTER_EPOCHS) {
      throw call.abort(ABORT.waitBeforeDestroy, `node ${node.smallId} is not disabled for two epochs yet`);
    }
    for (const { model, echelon } of node.subscriptions) this.#leave(model, echelon, node.smallId);
    const amount = node.collateral + node.availableFee + node.lastFeeEpochAmount;
    this.#database.nodes.delete(node.smallId);
    context.delete(badge.id);
    this.#database.pay(context, amount, context.sender);
  }

  /** `withdraw_fees(db, badge)`: what was earned before this epoch. */
  withdraw({ args, context }: Call): undefined {
    const node = rollFees(this.#database.node(badgeSmallId(args.object(1).contents)), context.epoch);
    this.#database.nodes.set(node.smallId, { ...node, availableFee: 0n });
    this.#database.pay(context, node.availableFee, context.sender);
  }

  /** `add_model_entry(db, manager_badge, name, modality)` */
  addModel(call: Call): undefined {
    const name = call.args.text(2);
    const modality = call.args.u64(3);
    if (modality >= MODALITIES) throw call.abort(ABORT.modalityMismatch, `there is no modality ${modality}`);
    if (this.#database.models.get(name) !== undefined) {
      // `sui::dynamic_field::EFieldAlreadyExists`
      throw call.abort(0, `the model '${name}' exists already`);
    }
    this.#database.models.set(name, { name, modality, disabled: false, echelons: [] });
  }

  /** `add_model_echelon_entry(db, manager_badge, name, echelon, input_fee, output_fee, relative_performance)` */
  addEchelon(call: Call): undefined {
    const { args } = call;
    const model = this.#database.model(args.text(2));
    const id = args.u64(3);
    if (model.echelons.some((echelon) => echelon.id === id)) {
      throw call.abort(0, `the model '${model.name}' has an echelon ${id} already`);
    }
    this.#database.putEchelon(model, {
      id,
      inputFeePerToken: args.u64(4),
      outputFeePerToken: args.u64(5),
      relativePerformance: args.u64(6),
      settlementTimeoutMs: this.#settlementTimeoutMs,
      oracles: [],
      nodes: [],
    });
  }

  /**
   * `add_oracle_to_echelon(db, manager_badge, name, echelon, small_id)`: makes a registered node one of those
   * that settle an echelon's disputes. The name is the dev chain's own: how the deployed contract makes oracles
   * is not known to us.
   */
  addOracle(call: Call): undefined {
    const { args } = call;
    const model = this.#database.model(args.text(2));
    const echelon = this.#echelon(call, model, args.u64(3));
    const { smallId } = this.#database.node(args.u64(4));
    if (echelon.oracles.includes(smallId)) return;
    this.#database.putEchelon(model, { ...echelon, oracles: [...echelon.oracles, smallId] });
  }

  #active(call: Call): Node {
    const node = this.#database.node(badgeSmallId(call.args.object(1).contents));
    if (node.disabledInEpoch === undefined) return node;
    throw call.abort(
      ABORT.alreadyDisabled,
      `node ${node.smallId} was disabled in epoch ${node.disabledInEpoch}`,
    );
  }

  #model(call: Call, name: string): Model {
    const model = this.#database.model(name);
    if (model.disabled) throw call.abort(ABORT.modelDisabled, `the model '${name}' is disabled`);
    return model;
  }

  #echelon(call: Call, model: Model, id: bigint): Echelon {
    const echelon = model.echelons.find((entry) => entry.id === id);
    if (echelon !== undefined) return echelon;
    throw call.abort(ABORT.echelonNotFound, `the model '${model.name}' has no echelon ${id}`);
  }

  #leave(name: string, echelonId: bigint, smallId: bigint): void {
    const model = this.#database.model(name);
    const echelon = model.echelons.find(({ id }) => id === echelonId);
    const index = echelon?.nodes.indexOf(smallId) ?? -1;
    if (echelon === undefined || index < 0) return;
    this.#database.putEchelon(model, { ...echelon, nodes: swapRemove(echelon.nodes, index) });
  }
}

/** `TableVec::swap_remove`: the last one takes the place of the one that goes. */
function swapRemove(nodes: readonly bigint[], index: number): bigint[] {
  const left = [...nodes];
  const last = left.pop();
  if (last !== undefined && index < left.length) left[index] = last;
  return left;
}
