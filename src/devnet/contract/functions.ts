import { defineModule, type FunctionDefinition, type MoveFunction } from '../move/function.js';
import type { Gate } from './gate.js';
import {
  type ContractIds,
  DEVNET_PACKAGE,
  databaseType,
  imageParamsType,
  managerBadgeType,
  nodeBadgeType,
  textParamsType,
  tomaType,
} from './names.js';
import type { Registry } from './registry.js';
import type { Settlement } from './settlement.js';

const CONTEXT = '&mut 0x2::tx_context::TxContext';
const RANDOM = '&0x2::random::Random';
const ASCII = '0x1::ascii::String';
const TEXT = '0x1::string::String';
const OPTIONAL_TEXT = `0x1::option::Option<${TEXT}>`;
const BYTES = 'vector<u8>';
const TOKENS = 'vector<u32>';
const COUNT = '0x1::option::Option<u64>';
const ID = '0x2::object::ID';

/** An entry function: it returns nothing, and its last parameter is the context. */
function entry(parameters: readonly string[], run: FunctionDefinition['run']): FunctionDefinition {
  return { isEntry: true, parameters: [...parameters, CONTEXT], run };
}

interface ContractModules {
  readonly registry: Registry;
  readonly gate: Gate;
  readonly settlement: Settlement;
}

/**
 * The functions of package `atoma` with the signatures that the deployed contract declares; and, in a package
 * of the dev chain's own, what the contract decides by itself and tests want to decide.
 * @param options.randomArgument whether `submit_commitment` takes `&Random`; the earliest packages do not
 */
export function contractFunctions(
  options: { readonly ids: ContractIds; readonly randomArgument: boolean },
  modules: ContractModules,
): MoveFunction[] {
  const { ids } = options;
  return [
    ...defineModule(ids.packageId, 'db', registryModule(ids, modules.registry)),
    ...defineModule(ids.packageId, 'gate', gateModule(ids, modules.gate)),
    ...defineModule(ids.packageId, 'prompts', promptsModule(ids, modules.gate)),
    ...defineModule(ids.packageId, 'settlement', settlementModule(options, modules.settlement)),
    ...defineModule(DEVNET_PACKAGE, 'oracle', oracleModule(ids, modules.settlement)),
  ];
}

type Definitions = Readonly<Record<string, FunctionDefinition>>;

function registryModule(ids: ContractIds, registry: Registry): Definitions {
  const db = `&mut ${databaseType(ids)}`;
  const badge = nodeBadgeType(ids);
  const manager = `&${managerBadgeType(ids)}`;
  const coin = `&mut 0x2::coin::Coin<${tomaType(ids)}>`;
  return {
    register_node_entry: entry([db, coin], (call) => registry.register(call)),
    add_node_to_model: entry([db, `&mut ${badge}`, ASCII, 'u64'], (call) => registry.subscribe(call)),
    remove_node_from_model: entry([db, `&mut ${badge}`, ASCII, 'u64'], (call) => registry.unsubscribe(call)),
    permanently_disable_node: entry([db, `&${badge}`], (call) => registry.disable(call)),
    destroy_disabled_node: entry([db, badge], (call) => registry.destroy(call)),
    withdraw_fees: entry([db, `&${badge}`], (call) => registry.withdraw(call)),
    add_model_entry: entry([db, manager, ASCII, 'u64'], (call) => registry.addModel(call)),
    add_model_echelon_entry: entry([db, manager, ASCII, 'u64', 'u64', 'u64', 'u64'], (call) =>
      registry.addEchelon(call),
    ),
    add_oracle_to_echelon: entry([db, manager, ASCII, 'u64', 'u64'], (call) => registry.addOracle(call)),
  };
}

function gateModule(ids: ContractIds, gate: Gate): Definitions {
  const text = textParamsType(ids);
  const image = imageParamsType(ids);
  const db = `&mut ${databaseType(ids)}`;
  const balance = `&mut 0x2::balance::Balance<${tomaType(ids)}>`;
  const submission = (params: string) => [db, balance, params, 'u64', COUNT, BYTES, RANDOM];
  return {
    create_text2text_prompt_params: {
      parameters: ['u64', ASCII, TOKENS, 'bool', TEXT, 'u64', 'u64', 'u32', 'bool', 'u32', 'u64', 'u32'],
      returns: [text],
      run: (call) => gate.createTextParams(call),
    },
    submit_text2text_prompt: entry(submission(text), (call) => gate.submitText2Text(call)),
    create_text2image_prompt_params: {
      parameters: ['u32', 'u64', OPTIONAL_TEXT, 'u32', ASCII, 'u64', 'u64', BYTES, TEXT, 'u64', TEXT, 'u64'],
      returns: [image],
      run: (call) => gate.createImageParams(call),
    },
    submit_text2image_prompt: entry(submission(image), (call) => gate.submitText2Image(call)),
  };
}

function promptsModule(ids: ContractIds, gate: Gate): Definitions {
  const db = `&mut ${databaseType(ids)}`;
  const coin = `&mut 0x2::coin::Coin<${tomaType(ids)}>`;
  const head = [db, coin, ASCII, BYTES, TOKENS, 'bool', 'u64', TEXT, 'bool'];
  const sampling = ['u64', 'u64', 'u32', 'u32', 'u64', 'u32', COUNT, RANDOM];
  return { send_prompt: entry([...head, ...sampling], (call) => gate.sendPrompt(call)) };
}

function settlementModule(
  { ids, randomArgument }: { readonly ids: ContractIds; readonly randomArgument: boolean },
  settlement: Settlement,
): Definitions {
  const db = `&mut ${databaseType(ids)}`;
  const commitment = [db, `&${nodeBadgeType(ids)}`, ID, 'u64', 'u64', BYTES, BYTES];
  return {
    submit_commitment: entry(randomArgument ? [...commitment, RANDOM] : commitment, (call) =>
      settlement.submitCommitment(call),
    ),
    try_to_settle: entry([db, ID, RANDOM], (call) => settlement.tryToSettle(call)),
    settle_dispute: entry(commitment, (call) => settlement.settleDispute(call)),
  };
}

function oracleModule(ids: ContractIds, settlement: Settlement): Definitions {
  const db = `&mut ${databaseType(ids)}`;
  return { sample_node: entry([db, ID, 'u64'], (call) => settlement.sampleNode(call)) };
}
