import { bcs } from '@mysten/sui/bcs';
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { normalizeSuiAddress, toHex } from '@mysten/sui/utils';
import { EVENT_LAYOUTS } from '../chain/index.js';
import type { Clock } from './clock.js';
import { Database } from './contract/database.js';
import { contractFunctions } from './contract/functions.js';
import { Gate } from './contract/gate.js';
import { type ContractIds, databaseType, managerBadgeType, tomaType } from './contract/names.js';
import { Registry } from './contract/registry.js';
import { Settlement } from './contract/settlement.js';
import { Ledger } from './ledger/ledger.js';
import type { ObjectDraft, Owner } from './ledger/objects.js';
import { State } from './ledger/state.js';
import { CLOCK_ID, CLOCK_TYPE, RANDOM_ID, RANDOM_TYPE, SUI_COIN_TYPE } from './move/addresses.js';
import { frameworkFunctions } from './move/framework.js';
import { FunctionTable } from './move/function.js';
import { coinOf } from './move/types.js';
import { coinContents } from './move/values.js';
import type { RandomSource } from './random.js';

/** In MIST: all the SUI there is, as on Sui ten billion. It belongs to the faucet. */
const SUI_SUPPLY = 10_000_000_000_000_000_000n;
/** In the smallest unit of TOMA: all there is, and the faucet's too. */
export const TOMA_SUPPLY = 10_000_000_000_000_000_000n;

/** An account of the chain's own, with what it was given. */
export interface GenesisAccount {
  readonly keypair: Ed25519Keypair;
  readonly address: string;
}

export interface Genesis {
  readonly ids: ContractIds;
  readonly ledger: Ledger;
  readonly database: Database;
  /** Owns everything at first, and funds nodes and users. */
  readonly faucet: GenesisAccount & { readonly tomaCoinId: string };
  /** Adds models and echelons. */
  readonly manager: GenesisAccount & { readonly badgeId: string };
}

interface GenesisOptions {
  readonly epochMs: number;
  readonly settlementTimeoutMs: bigint;
  readonly randomArgument: boolean;
  readonly crossValidationChunks: number;
  readonly crossValidationPermille: number | undefined;
}

/** A key from the chain's own randomness, so that a seed gives the same keys again. */
export function newAccount(random: RandomSource): GenesisAccount {
  const keypair = Ed25519Keypair.fromSecretKey(random.bytes(32));
  return { keypair, address: keypair.toSuiAddress() };
}

/** Makes a chain with the contract published on it: checkpoint 0. */
export function createGenesis(
  options: GenesisOptions,
  modules: { readonly random: RandomSource; readonly clock: Clock },
): Genesis {
  const { random, clock } = modules;
  const newId = (): string => normalizeSuiAddress(toHex(random.bytes(32)));
  const ids = { packageId: newId(), tomaPackageId: newId(), atomaDbId: newId(), ticketsId: newId() };
  const state = new State();
  const database = new Database(ids, state);
  const registry = new Registry(options, { database });
  const gate = new Gate(options, { database });
  const settlement = new Settlement(options, { database });
  const contract = contractFunctions(
    { ids, randomArgument: options.randomArgument },
    { registry, gate, settlement },
  );
  const functions = new FunctionTable([...frameworkFunctions(), ...contract]);
  const ledger = new Ledger({ epochMs: options.epochMs, seed: newId() }, { functions, state, clock, random });
  const faucet = { ...newAccount(random), tomaCoinId: newId() };
  const manager = { ...newAccount(random), badgeId: newId() };
  const drafts = [
    ...sharedObjects(database),
    coin(newId(), SUI_COIN_TYPE, SUI_SUPPLY - MANAGER_GAS_MIST, faucet.address),
    coin(newId(), SUI_COIN_TYPE, MANAGER_GAS_MIST, manager.address),
    coin(faucet.tomaCoinId, tomaType(ids), TOMA_SUPPLY, faucet.address),
    managerBadge(ids, manager.badgeId, manager.address),
  ];
  ledger.genesis(drafts, [publishedEvent(ids, manager.badgeId)]);
  return { ids, ledger, database, faucet, manager };
}

/** 1 000 SUI: gas for as many models as anybody adds to a dev chain. */
const MANAGER_GAS_MIST = 1_000_000_000_000n;
const SHARED_AT_GENESIS: Owner = { kind: 'shared', initialVersion: 1n };

function sharedObjects(database: Database): ObjectDraft[] {
  const { ids } = database;
  const bare = (id: string, type: string): ObjectDraft => {
    return { id, owner: SHARED_AT_GENESIS, type, contents: bcs.Address.serialize(id).toBytes() };
  };
  return [
    { ...bare(ids.atomaDbId, databaseType(ids)), contents: database.contents() },
    bare(RANDOM_ID, RANDOM_TYPE),
    bare(CLOCK_ID, CLOCK_TYPE),
  ];
}

function coin(id: string, coinType: string, balance: bigint, address: string): ObjectDraft {
  const owner: Owner = { kind: 'address', address };
  return { id, owner, type: coinOf(coinType), contents: coinContents(id, balance) };
}

function managerBadge(ids: ContractIds, id: string, address: string): ObjectDraft {
  const contents = bcs.Address.serialize(id).toBytes();
  return { id, owner: { kind: 'address', address }, type: managerBadgeType(ids), contents };
}

function publishedEvent(ids: ContractIds, managerBadgeId: string) {
  const value = { db: ids.atomaDbId, manager_badge: managerBadgeId };
  return {
    packageId: ids.packageId,
    module: 'db',
    type: `${ids.packageId}::db::PublishedEvent`,
    bytes: EVENT_LAYOUTS['db::PublishedEvent'].serialize(value).toBytes(),
    json: value,
  };
}
