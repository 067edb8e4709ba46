export type { Evidence } from '../rpc/index.js';
export { type AuditedTicket, audit } from './audit.js';
export type { AuditVerdict } from './audit-verdict.js';
export type { ChainSide } from './chain-side.js';
export type { CheckResult, CheckStatus } from './doctor/check.js';
export { type DoctorSubject, doctor } from './doctor/doctor.js';
export { readEvidence } from './evidence/collect.js';
export type { Verification } from './evidence/compare-run.js';
export { readEvidenceFile } from './evidence/read.js';
export { verify } from './evidence/verify.js';
export { describeProgress, type ModelProgress } from './model-progress.js';
export { AtomaNode } from './node.js';
export { nodeHolder, readTickets, type TicketStanding } from './operator/local-node.js';
export { openOperator } from './operator/open-operator.js';
export {
  type ChainStanding,
  type ModelStanding,
  type NodeStanding,
  nodeStanding,
} from './operator/status.js';
export type { Told } from './operator/told.js';
export { Ensemble, type EnsembleOptions, type Member } from './rehearsal/ensemble.js';
export type { NodeFacts, NodePart, RehearsalFacts, Role, TicketFacts } from './rehearsal/facts.js';
export { figuresOf, type NodeFigures } from './rehearsal/figures.js';
export { judge, type Problem } from './rehearsal/verdict.js';
export { runOnce, type SingleRunOptions, type SingleRunResult } from './single-run.js';
export { VERSION } from './version.js';
