import type { GrpcTypes } from '@mysten/sui/grpc';
import { normalizeSuiAddress } from '@mysten/sui/utils';
import type { LedgerEvent } from './ledger/checkpoints.js';
import { canonicalType, matchesType } from './move/types.js';
import { invalidArgument } from './status.js';

export type EventPredicate = (event: LedgerEvent) => boolean;

/**
 * A filter in disjunctive normal form as a predicate: terms are ORed, the literals of a term ANDed.
 * @param filter undefined matches every event
 * @throws RpcFailure `INVALID_ARGUMENT`
 */
export function eventPredicate(filter: GrpcTypes.EventFilter | undefined): EventPredicate {
  if (filter === undefined) return () => true;
  if (filter.terms.length === 0) throw invalidArgument('a filter needs at least one term');
  const terms = filter.terms.map(({ literals }) => {
    if (literals.length === 0) throw invalidArgument('a filter term needs at least one literal');
    return literals.map(literalPredicate);
  });
  return (event) => terms.some((literals) => literals.every((literal) => literal(event)));
}

function literalPredicate({ negated, predicate }: GrpcTypes.EventLiteral): EventPredicate {
  const matches = positivePredicate(predicate);
  return negated ? (event) => !matches(event) : matches;
}

function positivePredicate(predicate: GrpcTypes.EventLiteral['predicate']): EventPredicate {
  switch (predicate.oneofKind) {
    case 'sender': {
      const sender = canonicalAddress(predicate.sender.address, 'sender');
      return (event) => event.sender === sender;
    }
    case 'emitModule':
      return emitModulePredicate(predicate.emitModule.module ?? '');
    case 'eventType':
      return eventTypePredicate(predicate.eventType.eventType ?? '');
    case 'eventStreamHead':
      // Nothing on this chain writes authenticated event streams.
      return () => false;
    default:
      throw invalidArgument('a filter literal needs a predicate');
  }
}

/** The package, and the module, of the top-level call that led to the event. */
function emitModulePredicate(path: string): EventPredicate {
  const [address, module, ...rest] = path.split('::');
  const packageId = canonicalAddress(address, 'emit_module');
  if (rest.length > 0) throw invalidArgument(`emit_module is package[::module], found '${path}'`);
  return (event) => event.packageId === packageId && (module === undefined || event.module === module);
}

/** The package, module or type that defines the event. */
function eventTypePredicate(path: string): EventPredicate {
  const depth = path.split('<', 1)[0]?.split('::').length ?? 0;
  if (depth < 3) {
    const [address, ...rest] = path.split('::');
    const prefix = [canonicalAddress(address, 'event_type'), ...rest, ''].join('::');
    return (event) => event.type.startsWith(prefix);
  }
  const type = typeFilter(path);
  return (event) => matchesType(event.type, type);
}

function typeFilter(path: string): string {
  try {
    return canonicalType(path);
  } catch {
    throw invalidArgument(`event_type is address[::module[::Name[<type arguments>]]], found '${path}'`);
  }
}

function canonicalAddress(address: string | undefined, field: string): string {
  if (address !== undefined && /^(0x)?[0-9a-fA-F]{1,64}$/.test(address)) return normalizeSuiAddress(address);
  throw invalidArgument(`${field} needs an address, found '${address ?? ''}'`);
}
