import { normalizeSuiAddress } from '@mysten/sui/utils';

/** Where the contract lives on this chain. All canonical: `0x` and 64 digits. */
export interface ContractIds {
  readonly packageId: string;
  readonly tomaPackageId: string;
  readonly atomaDbId: string;
  /** Id of the table inside `AtomaDb` under which tickets hang. */
  readonly ticketsId: string;
}

/** A package that no other chain has: levers of the contract for tests. */
export const DEVNET_PACKAGE = normalizeSuiAddress('0xde');

export function tomaType(ids: ContractIds): string {
  return `${ids.tomaPackageId}::toma::TOMA`;
}

export function databaseType(ids: ContractIds): string {
  return `${ids.packageId}::db::AtomaDb`;
}

export function nodeBadgeType(ids: ContractIds): string {
  return `${ids.packageId}::db::NodeBadge`;
}

export function managerBadgeType(ids: ContractIds): string {
  return `${ids.packageId}::db::AtomaManagerBadge`;
}

export function ticketType(ids: ContractIds): string {
  return `${ids.packageId}::settlement::SettlementTicket`;
}

export function textParamsType(ids: ContractIds): string {
  return `${ids.packageId}::gate::Text2TextPromptParams`;
}

export function imageParamsType(ids: ContractIds): string {
  return `${ids.packageId}::gate::Text2ImagePromptParams`;
}
