import type { ModelInfo } from '../../core/index.js';
import { catalogued } from '../error-catalogue.js';
import type { NodeApi } from '../node-api.js';

/**
 * The model of a name, as one of its devices has it.
 * @throws AtomaError `unknown_model`; `not_ready` while the node has no model at all
 */
export function modelOf(node: NodeApi, name: string): ModelInfo {
  const models = node.listModels();
  const model = models.find((each) => each.name === name);
  if (model !== undefined) return model;
  if (models.length === 0) {
    const { reasons } = node.readiness();
    throw catalogued('not_ready', `No model is loaded yet. ${reasons.join(' ')}`.trimEnd());
  }
  const names = [...new Set(models.map((each) => each.name))].join(', ');
  const message = `The model '${name.slice(0, 100)}' does not exist here; this node serves ${names}.`;
  throw catalogued('unknown_model', message, { param: 'model', code: 'model_not_found' });
}
