import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { AtomaError } from '../core/index.js';

type ModelReference = {
  readonly name: string;
  readonly modelType: string;
  readonly precision: string;
};

/**
 * The GGUF file that a configured model stands for: a path of a file, or of a folder with a file of the
 * precision asked for.
 * @throws AtomaError `model_not_found` saying what there is, `model_not_local` for a name that is no path.
 */
export async function resolveModelFile(model: ModelReference): Promise<string> {
  const { modelType } = model;
  if (!isAbsolute(modelType)) {
    throw new AtomaError(
      'model_not_local',
      `model ${model.name}: model_type is ${JSON.stringify(modelType)}, which is no path; give the path of a GGUF file or of a folder that holds one (models are not downloaded yet)`,
    );
  }
  const found = await stat(modelType).catch(() => undefined);
  if (found === undefined) {
    throw new AtomaError('model_not_found', `model ${model.name}: there is no file or folder ${modelType}`);
  }
  return found.isDirectory() ? chooseFile(model) : modelType;
}

async function chooseFile(model: ModelReference): Promise<string> {
  const files = (await readdir(model.modelType))
    .filter((file) => file.toLowerCase().endsWith('.gguf'))
    .sort();
  const wanted = model.precision.toLowerCase();
  // The precision stands between separators: `q4_k` must not find `q4_k_m`.
  const matching = files.filter((file) =>
    file.toLowerCase().slice(0, -'.gguf'.length).split(/[.-]/).includes(wanted),
  );
  const [first] = matching;
  if (first === undefined || matching.length > 1) {
    const have = files.length === 0 ? 'no GGUF file' : files.join(', ');
    throw new AtomaError(
      'model_not_found',
      `model ${model.name}: ${matching.length > 1 ? 'several files' : 'no file'} of precision ${model.precision} in ${model.modelType}; it holds ${have}`,
      { fields: { precision: model.precision, files } },
    );
  }
  return join(model.modelType, first);
}
