export { Devnet, type DevnetNode, type DevnetUser } from './devnet.js';
export { DEVNET_DEFAULTS, type DevnetOptions } from './options.js';
