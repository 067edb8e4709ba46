export { AtomaNode } from './node.js';
export { VERSION } from './version.js';
