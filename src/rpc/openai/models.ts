import type { Principal } from '../access/principal.js';
import type { NodeApi } from '../node-api.js';
import { modelOf } from './model-of.js';

/** https://platform.openai.com/docs/api-reference/models/object */
interface ModelObject {
  readonly id: string;
  readonly object: 'model';
  /** s since 1970; weights do not tell when they were made: 0. */
  readonly created: number;
  readonly owned_by: string;
}

/** Models, each once however many devices have it. */
export function listModels(node: NodeApi): {
  readonly object: 'list';
  readonly data: readonly ModelObject[];
} {
  const names = new Set(node.listModels().map(({ name }) => name));
  return { object: 'list', data: [...names].map(modelObject) };
}

/** @throws AtomaError `unknown_model`, `not_ready` */
export function getModel(node: NodeApi, name: string): ModelObject {
  return modelObject(modelOf(node, name).name);
}

/**
 * What models there are is for those who may see the node and for those who may run prompts.
 * @throws AtomaError `forbidden`
 */
export function requireModelAccess(principal: Principal): void {
  try {
    principal.require('generate');
  } catch {
    principal.require('read');
  }
}

function modelObject(name: string): ModelObject {
  return { id: name, object: 'model', created: 0, owned_by: 'atoma' };
}
