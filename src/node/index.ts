export { type AuditedTicket, type AuditVerdict, audit } from './audit.js';
export { AtomaNode } from './node.js';
export { VERSION } from './version.js';
