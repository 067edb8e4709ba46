import { readFile } from 'node:fs/promises';
import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { externalFiles } from '../weights/onnx-check.js';
import { readOnnxGraph } from '../weights/onnx-graph.js';

/** transformers.js. */
export type Library = typeof import('@xenova/transformers');

/** What transformers.js runs graphs with: ONNX Runtime's native addon, or its WebAssembly. */
export type OnnxBackend = 'onnx' | 'wasm';

const NAME = '@xenova/transformers';
const RUNTIME = Symbol.for('onnxruntime');
const require = createRequire(import.meta.url);
const libraries = new Map<OnnxBackend, Promise<Library>>();

/**
 * Loads transformers.js on one of its runtimes, cut off from the network and from its own caches.
 * @param threads of WebAssembly; the first call in a thread decides
 * @throws Error where the runtime does not load here.
 */
export function loadLibrary(backend: OnnxBackend, threads: number): Promise<Library> {
  let library = libraries.get(backend);
  if (library === undefined) {
    library = (backend === 'onnx' ? onNative() : onWasm(threads)).then(offline);
    libraries.set(backend, library);
  }
  return library;
}

async function onNative(): Promise<Library> {
  return requireWith({ sharp: {} });
}

/**
 * transformers.js takes a runtime that lies at a global symbol when it is loaded. It loads the native addon
 * nevertheless, which is there for the systems only that it was built for, so that gets a stand-in.
 */
async function onWasm(threads: number): Promise<Library> {
  const runtime = await import('onnxruntime-web');
  const { wasm } = runtime.env;
  wasm.wasmPaths = pathToFileURL(join(dirname(require.resolve('onnxruntime-web')), '/')).href;
  wasm.numThreads = threads;
  const create = async (model: string | Uint8Array, options?: object): Promise<unknown> =>
    typeof model === 'string'
      ? runtime.InferenceSession.create(await readFile(model), { ...options, ...(await beside(model)) })
      : runtime.InferenceSession.create(model, options);
  const globals: Record<symbol, unknown> = globalThis;
  globals[RUNTIME] = { ...runtime, InferenceSession: { create } };
  try {
    return requireWith({ sharp: {}, 'onnxruntime-node': {} });
  } finally {
    delete globals[RUNTIME];
  }
}

/** The files beside a graph that hold its numbers: WebAssembly sees no file system. */
async function beside(file: string): Promise<{ externalData?: { path: string; data: Uint8Array }[] }> {
  const locations = externalFiles(file, readOnnxGraph(file));
  if (locations.length === 0) return {};
  const read = async (path: string): Promise<{ path: string; data: Uint8Array }> => ({
    path,
    data: await readFile(join(dirname(file), path)),
  });
  return { externalData: await Promise.all(locations.map(read)) };
}

/**
 * A copy of the library of its own that finds stand-ins in place of some of its packages. `sharp` reads
 * images: 20 MB of native code that no text model needs.
 */
function requireWith(standIns: Readonly<Record<string, object>>): Library {
  const path = require.resolve(NAME);
  const inside = createRequire(path);
  const { cache } = inside;
  const kept = new Map<string, NodeJS.Module | undefined>([[path, undefined]]);
  for (const [name, exports] of Object.entries(standIns)) {
    const at = inside.resolve(name);
    kept.set(at, cache[at]);
    const standIn = new Module(at);
    standIn.exports = exports;
    standIn.loaded = true;
    cache[at] = standIn;
  }
  try {
    return inside(path);
  } finally {
    for (const [at, module] of kept) {
      if (module === undefined) delete cache[at];
      else cache[at] = module;
    }
  }
}

function offline(library: Library): Library {
  const { env, LogLevel } = library;
  env.allowRemoteModels = false;
  env.useBrowserCache = false;
  env.useFSCache = false;
  env.useWasmCache = false;
  // Its errors are thrown, too; what it logs beside them holds the prompt.
  env.logLevel = LogLevel.NONE;
  return library;
}
