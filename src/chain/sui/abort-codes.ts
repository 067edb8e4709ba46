/** The contract's abort codes, by name. */
export const ABORT = {
  registrationDisabled: 312_012_000,
  modelDisabled: 312_012_001,
  notAuthorized: 312_012_002,
  echelonNotFound: 312_012_005,
  alreadySubscribed: 312_012_009,
  notSubscribed: 312_012_010,
  nodeIndexMismatch: 312_012_011,
  alreadyDisabled: 312_012_012,
  waitBeforeDestroy: 312_012_013,
  noEligibleEchelons: 312_012_100,
  tooManyNodesToSample: 312_012_101,
  modalityMismatch: 312_012_102,
  notAwaitingCommitment: 312_012_200,
  alreadyCommitted: 312_012_201,
  notReadyToSettle: 312_012_202,
  hashNot32Bytes: 312_012_203,
  leavesBufferLength: 312_012_204,
  notAnOracle: 312_012_205,
} as const;

const SENTENCES = new Map<number, string>([
  [ABORT.registrationDisabled, 'registration of nodes is disabled'],
  [ABORT.modelDisabled, 'the model is disabled'],
  [ABORT.notAuthorized, 'this badge is not authorized to do that'],
  [ABORT.echelonNotFound, 'the model has no such echelon'],
  [ABORT.alreadySubscribed, 'the node is already subscribed to this model'],
  [ABORT.notSubscribed, 'the node is not subscribed to this model'],
  [ABORT.nodeIndexMismatch, "the node's index in the echelon has changed; look it up again and retry"],
  [ABORT.alreadyDisabled, 'the node is already disabled'],
  [ABORT.waitBeforeDestroy, 'a disabled node can be destroyed after two epochs only'],
  [ABORT.noEligibleEchelons, 'no echelon of the model has enough nodes within the fee offered'],
  [ABORT.tooManyNodesToSample, 'more nodes were asked for than can be sampled'],
  [ABORT.modalityMismatch, 'the model is of another modality'],
  [ABORT.notAwaitingCommitment, "the ticket is not awaiting this node's commitment"],
  [ABORT.alreadyCommitted, 'this node has already committed to the ticket'],
  [ABORT.notReadyToSettle, 'the ticket is not ready to settle'],
  [ABORT.hashNot32Bytes, 'a commitment hash must be 32 bytes long'],
  [ABORT.leavesBufferLength, "the leaves do not have the length of the ticket's buffer"],
  [ABORT.notAnOracle, 'the node is not an oracle of this echelon'],
]);

/** What an abort code of the contract says, in words. */
export function abortSentence(code: number): string {
  return SENTENCES.get(code) ?? 'an abort code that this node does not know';
}

/** Sui's own `EFieldDoesNotExist`, in both modules that hold it. */
const FIELD_DOES_NOT_EXIST = 1n;
const FIELD_MODULES: ReadonlySet<string | undefined> = new Set(['dynamic_field', 'dynamic_object_field']);

/**
 * Whether an abort is that of a look-up in one of Sui's tables that found nothing. `submit_commitment` looks up
 * the ticket before all else: it was settled, and is gone.
 */
export function isMissingField(module: string | undefined, code: bigint): boolean {
  return code === FIELD_DOES_NOT_EXIST && FIELD_MODULES.has(module);
}
