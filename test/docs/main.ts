import { mkdir, writeFile } from 'node:fs/promises';
import { generatedDocuments } from './documents.js';

// Writes the generated documents anew; to be run in the root of the repository.
await mkdir('docs', { recursive: true });
for (const [path, text] of Object.entries(generatedDocuments())) await writeFile(path, text);
