export { type AuditedTicket, audit } from './audit.js';
export type { AuditVerdict } from './audit-verdict.js';
export { AtomaNode } from './node.js';
export { VERSION } from './version.js';
