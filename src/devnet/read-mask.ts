import type { FieldInfo, IMessageType, PartialMessage } from '@protobuf-ts/runtime';
import { invalidArgument } from './status.js';

/** A read mask as a tree of field names; a node without children asks for everything below it. */
interface MaskNode {
  readonly children: Map<string, MaskNode>;
}

/** Which fields of a message a client wants. */
export class ReadMask<Message extends object> {
  readonly #type: IMessageType<Message>;
  readonly #root: MaskNode | 'all';

  /**
   * @param paths snake_case names, dotted; `*` is everything
   * @param defaults what is read where the client gave no mask
   * @throws RpcFailure `INVALID_ARGUMENT` for a path that the message does not have
   */
  constructor(
    type: IMessageType<Message>,
    mask: { readonly paths: readonly string[] } | undefined,
    defaults: readonly string[],
  ) {
    this.#type = type;
    const paths = mask === undefined || mask.paths.length === 0 ? defaults : mask.paths;
    for (const path of paths) if (path !== '*') checkPath(type, path);
    this.#root = paths.includes('*') ? 'all' : treeOf(paths);
  }

  /** The message with nothing but the fields asked for. */
  apply(partial: PartialMessage<Message>): Message {
    const message = this.#type.create(partial);
    if (this.#root === 'all') return message;
    const result = this.#type.create();
    copyFields(this.#type.fields, message, result, this.#root);
    return result;
  }

  /** Whether anything at or below a path is wanted; saves making what nobody reads. */
  wants(path: string): boolean {
    let node: MaskNode | 'all' = this.#root;
    for (const name of path.split('.')) {
      if (node === 'all' || node.children.size === 0) return true;
      const child: MaskNode | undefined = node.children.get(name);
      if (child === undefined) return false;
      node = child;
    }
    return true;
  }
}

function treeOf(paths: readonly string[]): MaskNode {
  const whole = new Set(paths);
  const root: MaskNode = { children: new Map() };
  for (const path of paths) {
    const names = path.split('.');
    // A field that is asked for whole needs no list of its parts.
    if (names.some((_, index) => index > 0 && whole.has(names.slice(0, index).join('.')))) continue;
    let node = root;
    for (const name of names) {
      const child: MaskNode = node.children.get(name) ?? { children: new Map() };
      node.children.set(name, child);
      node = child;
    }
  }
  return root;
}

function checkPath(type: IMessageType<object>, path: string): void {
  let fields: readonly FieldInfo[] | undefined = type.fields;
  for (const name of path.split('.')) {
    const field: FieldInfo | undefined = fields?.find((entry) => entry.name === name);
    if (field === undefined) {
      throw invalidArgument(`invalid read_mask path '${path}': ${type.typeName} has no such field`);
    }
    fields = field.kind === 'message' ? field.T().fields : undefined;
  }
}

function copyFields(fields: readonly FieldInfo[], from: object, to: object, mask: MaskNode): void {
  for (const field of fields) {
    const node = mask.children.get(field.name);
    if (node === undefined) continue;
    if (field.oneof === undefined) {
      const value: unknown = Reflect.get(from, field.localName);
      if (value !== undefined) Reflect.set(to, field.localName, masked(field, value, node));
      continue;
    }
    const group: unknown = Reflect.get(from, field.oneof);
    if (!isObject(group) || Reflect.get(group, 'oneofKind') !== field.localName) continue;
    const value = masked(field, Reflect.get(group, field.localName), node);
    Reflect.set(to, field.oneof, { oneofKind: field.localName, [field.localName]: value });
  }
}

function masked(field: FieldInfo, value: unknown, node: MaskNode): unknown {
  if (field.kind !== 'message' || node.children.size === 0) return value;
  const type = field.T();
  const one = (item: unknown): unknown => {
    const result = type.create();
    if (isObject(item) && isObject(result)) copyFields(type.fields, item, result, node);
    return result;
  };
  return Array.isArray(value) ? value.map(one) : one(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
