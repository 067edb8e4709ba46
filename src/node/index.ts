export { type AuditedTicket, audit } from './audit.js';
export type { AuditVerdict } from './audit-verdict.js';
export { describeProgress, type ModelProgress } from './model-progress.js';
export { AtomaNode } from './node.js';
export { VERSION } from './version.js';
