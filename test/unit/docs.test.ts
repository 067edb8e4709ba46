import { readFile } from 'node:fs/promises';
import t from 'tap';
import { generatedDocuments } from '../docs/documents.js';

t.test(
  'the generated documents are those of this state: node build/test/docs/main.js makes them anew',
  async (t) => {
    for (const [path, text] of Object.entries(generatedDocuments())) {
      const written = await readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');
      t.ok(written === text, `${path} is up to date`);
    }
  },
);
