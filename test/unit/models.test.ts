import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { resolveModelFile } from '#src/models/index.js';

t.test('a folder is searched for the precision, whole and without regard to case', async (t) => {
  const dir = t.testdir({ 'M.Q4_K.gguf': '', 'M.Q4_K_M.gguf': '', 'm-F16.gguf': '', 'README.md': '' });
  const find = (precision: string) => resolveModelFile({ name: 'm', modelType: dir, precision });
  t.equal(await find('q4_k'), join(dir, 'M.Q4_K.gguf'));
  t.equal(await find('Q4_K_M'), join(dir, 'M.Q4_K_M.gguf'));
  t.equal(await find('f16'), join(dir, 'm-F16.gguf'));
  await t.rejects(find('q8_0'), {
    code: 'model_not_found',
    message: /q8_0.*M\.Q4_K\.gguf, M\.Q4_K_M\.gguf, m-F16\.gguf/,
  });
  await writeFile(join(dir, 'other.f16.gguf'), '');
  await t.rejects(find('f16'), { code: 'model_not_found', message: /several files/ });
});

t.test('a file is taken as it is, and what is no path is said to be none', async (t) => {
  const file = join(t.testdir({ 'any.gguf': '' }), 'any.gguf');
  t.equal(await resolveModelFile({ name: 'm', modelType: file, precision: 'q8_0' }), file);
  await t.rejects(resolveModelFile({ name: 'm', modelType: `${file}x`, precision: 'q8_0' }), {
    code: 'model_not_found',
    message: /any\.ggufx/,
  });
  await t.rejects(resolveModelFile({ name: 'm', modelType: 'llama3_8b', precision: 'q8_0' }), {
    code: 'model_not_local',
    message: /llama3_8b.*path of a GGUF file/,
  });
});
