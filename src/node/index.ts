export { type AuditedTicket, audit } from './audit.js';
export type { AuditVerdict } from './audit-verdict.js';
export type { CheckResult, CheckStatus } from './doctor/check.js';
export { type DoctorSubject, doctor } from './doctor/doctor.js';
export { describeProgress, type ModelProgress } from './model-progress.js';
export { AtomaNode } from './node.js';
export { runOnce, type SingleRunOptions, type SingleRunResult } from './single-run.js';
export { VERSION } from './version.js';
