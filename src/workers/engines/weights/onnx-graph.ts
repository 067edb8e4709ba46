import { type Field, ProtobufError, ProtobufFile } from './protobuf-file.js';

/** What a graph says of itself, read without its numbers. */
export interface OnnxGraph {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Numbers in its initializers; packed ones count as they are stored. */
  readonly parameters: number;
  /** Files beside the graph that hold its numbers, with how many bytes each must have at least. */
  readonly external: ReadonlyMap<string, number>;
}

/** Fields of onnx.proto: of a message, what its field numbers stand for. */
const MODEL = { irVersion: 1, graph: 7 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 } as const;
const NODE = { attribute: 5 } as const;
const ATTRIBUTE = { tensor: 5, graph: 6 } as const;
const TENSOR = { dims: 1, externalData: 13 } as const;
const ENTRY = { key: 1, value: 2 } as const;
const VALUE_INFO = { name: 1 } as const;

/** Graphs beyond this depth are no models: loops and branches nest two or three deep. */
const MAX_DEPTH = 16;

/**
 * Reads the structure of an ONNX file and skips its weights, so that size does not matter.
 * @throws ProtobufError; Error of the file system.
 */
export function readOnnxGraph(file: string): OnnxGraph {
  const protobuf = new ProtobufFile(file);
  try {
    return new GraphReader(protobuf).read();
  } finally {
    protobuf.close();
  }
}

class GraphReader {
  readonly #file: ProtobufFile;
  readonly #inputs: string[] = [];
  readonly #outputs: string[] = [];
  readonly #external = new Map<string, number>();
  #parameters = 0;

  constructor(file: ProtobufFile) {
    this.#file = file;
  }

  read(): OnnxGraph {
    let irVersion = 0;
    let graphs = 0;
    for (const field of this.#file.fields(0, this.#file.size)) {
      if (field.number === MODEL.irVersion) irVersion = field.value;
      if (field.number !== MODEL.graph) continue;
      graphs++;
      this.#graph(field, 0);
    }
    if (irVersion === 0 || graphs !== 1) throw new ProtobufError('is not an ONNX graph');
    return {
      inputs: this.#inputs,
      outputs: this.#outputs,
      parameters: this.#parameters,
      external: this.#external,
    };
  }

  #graph(graph: Field, depth: number): void {
    if (depth > MAX_DEPTH) throw new ProtobufError(`is damaged: graphs nest deeper than ${MAX_DEPTH}`);
    for (const field of this.#file.fields(graph.start, graph.end)) {
      if (field.number === GRAPH.node) this.#node(field, depth);
      else if (field.number === GRAPH.initializer) this.#tensor(field);
      else if (depth > 0) continue;
      else if (field.number === GRAPH.input) this.#inputs.push(this.#name(field));
      else if (field.number === GRAPH.output) this.#outputs.push(this.#name(field));
    }
  }

  #node(node: Field, depth: number): void {
    for (const attribute of this.#file.fields(node.start, node.end)) {
      if (attribute.number !== NODE.attribute) continue;
      for (const field of this.#file.fields(attribute.start, attribute.end)) {
        if (field.number === ATTRIBUTE.graph) this.#graph(field, depth + 1);
        else if (field.number === ATTRIBUTE.tensor) this.#tensor(field);
      }
    }
  }

  #tensor(tensor: Field): void {
    let numbers = 1;
    const external = new Map<string, string>();
    for (const field of this.#file.fields(tensor.start, tensor.end)) {
      if (field.number === TENSOR.dims) for (const dim of this.#file.varints(field)) numbers *= dim;
      else if (field.number === TENSOR.externalData) external.set(...this.#entry(field));
    }
    this.#parameters += numbers;
    const location = external.get('location');
    if (location === undefined) return;
    const end = Number(external.get('offset') ?? 0) + Number(external.get('length') ?? 0);
    this.#external.set(location, Math.max(this.#external.get(location) ?? 0, end));
  }

  #entry(entry: Field): [key: string, value: string] {
    const texts: [string, string] = ['', ''];
    for (const field of this.#file.fields(entry.start, entry.end)) {
      if (field.number === ENTRY.key) texts[0] = this.#file.text(field);
      else if (field.number === ENTRY.value) texts[1] = this.#file.text(field);
    }
    return texts;
  }

  #name(valueInfo: Field): string {
    for (const field of this.#file.fields(valueInfo.start, valueInfo.end)) {
      if (field.number === VALUE_INFO.name) return this.#file.text(field);
    }
    return '';
  }
}
