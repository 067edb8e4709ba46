import { listPaths, type ModelFile, type Selection, type Wish } from './model-file.js';
import { namesPrecision } from './precision.js';

/** llama.cpp's name of a part: its number and how many there are, with five digits each. */
const PART = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;

/** A GGUF file, or all parts of a split one. */
interface Group<File> {
  readonly parts: File[];
  /** Parts that there should be. */
  readonly total: number;
}

/** Chooses a GGUF by precision or by name; projectors of multimodal models are no models. */
export function selectGguf<File extends ModelFile>(files: readonly File[], wish: Wish): Selection<File> {
  const ggufs = files.filter(({ path }) => /\.gguf$/i.test(path) && !/(^|[/._-])mmproj/i.test(path));
  if (ggufs.length === 0) return { problem: 'has no GGUF file' };
  const groups = grouped(ggufs);
  const matching = groups.filter((group) => matches(group, wish));
  const [group, ...others] = matching;
  const have = `it has ${listPaths(groups.map(nameOf))}`;
  if (group === undefined) return { problem: `has no GGUF ${wanted(wish)}; ${have}` };
  if (others.length > 0) {
    return { problem: `has several GGUF files ${wanted(wish)}, name one as "owner/repo:file"; ${have}` };
  }
  return whole(group);
}

function grouped<File extends ModelFile>(ggufs: readonly File[]): Group<File>[] {
  const groups = new Map<string, Group<File>>();
  for (const file of ggufs) {
    const [, stem, , total] = PART.exec(file.path) ?? [];
    const key = stem === undefined ? file.path : `${stem} of ${total}`;
    const group = groups.get(key) ?? { parts: [], total: total === undefined ? 1 : Number(total) };
    group.parts.push(file);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function matches<File extends ModelFile>({ parts }: Group<File>, { file, hint, precision }: Wish): boolean {
  if (file !== undefined) return parts.some(({ path }) => path === file);
  const path = parts[0]?.path ?? '';
  const named =
    hint === undefined || new RegExp(`(^|[/._-])${hint.replaceAll('.', '\\.')}[/._-]`, 'i').test(path);
  return named && namesPrecision(path.replace(PART, '$1.gguf'), precision);
}

function whole<File extends ModelFile>({ parts, total }: Group<File>): Selection<File> {
  const numbers = new Set(parts.map(({ path }) => Number(PART.exec(path)?.[2] ?? 1)));
  const [main] = parts;
  const missing = Array.from({ length: total }, (_, index) => index + 1).filter((part) => !numbers.has(part));
  if (main === undefined || missing.length > 0) {
    return {
      problem: `has ${parts.length} of the ${total} parts of ${main?.path}: ${missing.length === 1 ? 'part' : 'parts'} ${listPaths(missing.map(String))} missing`,
    };
  }
  return { selected: { format: 'gguf', main, weights: parts, files: parts } };
}

function nameOf<File extends ModelFile>({ parts, total }: Group<File>): string {
  const path = parts[0]?.path ?? '';
  return total === 1 ? path : `${path} (${total} parts)`;
}

function wanted({ file, hint, precision }: Wish): string {
  if (file !== undefined) return `named ${file}`;
  return `of precision ${precision}${hint === undefined ? '' : ` for ${hint}`}`;
}
