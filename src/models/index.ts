export { resolveModelFile } from './resolve.js';
