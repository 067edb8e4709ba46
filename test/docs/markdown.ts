import type { OpenRpcDocument } from '#src/rpc/discovery/open-rpc.js';
import { detailText, isSchema, typeText } from './type-text.js';

const GENERATED = '<!-- Generated from the OpenRPC document of the node (rpc.discover): do not edit. -->';

/** The table of errors. */
export function errorsMarkdown({ components }: OpenRpcDocument): string {
  const rows = Object.values(components.errors).map(({ code, message, data }) => [
    `\`${data.code}\``,
    String(code),
    String(data.http_status),
    message,
    data.remedy,
  ]);
  return page('Errors', [
    'Every error that a client of the node can get. In JSON-RPC, `error.code` is the number and `error.data.code` the name, which stays the same for ever; `error.message` says what was wrong this time, and further members of `error.data` hold the values that a program needs to react. HTTP has the status where a request is refused before JSON-RPC is reached, and in OpenAI’s API.',
    table(['Name', 'Number', 'HTTP', 'What it means', 'What to do'], rows),
  ]);
}

/** Every method, the notifications, and the objects that they are made of. */
export function methodsMarkdown(document: OpenRpcDocument): string {
  return page('JSON-RPC', [
    `${document.info['description']} The errors are in [errors.md](errors.md); \`rpc.discover\` serves all of this as an [OpenRPC](https://spec.open-rpc.org) document.`,
    table(
      ['Method', 'Scope', 'What it does'],
      document.methods.map(({ name, summary, ...method }) => [
        `[\`${name}\`](#${anchor(name)})`,
        method['x-scopes'].map((scope) => `\`${scope}\``).join(' or '),
        summary,
      ]),
    ),
    ...document.methods.flatMap(methodMarkdown),
    '## Notifications',
    ...document['x-notifications'].flatMap(({ name, params }) => [
      `### ${name}`,
      `Its params are a ${typeText(params[0]?.schema)}.`,
    ]),
    '## Objects',
    ...Object.entries(document.components.schemas).flatMap(([name, schema]) => objectMarkdown(name, schema)),
  ]);
}

function methodMarkdown(method: OpenRpcDocument['methods'][number]): readonly string[] {
  const params = method.params.map(({ name, required, schema }) => [
    `\`${name}\`${required ? ' (required)' : ''}`,
    typeText(schema),
    detailText(schema),
  ]);
  const names = method.errors.map(({ $ref }) => `\`${$ref.split('/').at(-1)}\``);
  return [
    `## ${method.name}`,
    `${method.summary}.${method.description === undefined ? '' : `\n\n${method.description}`}`,
    params.length === 0 ? 'No params.' : table(['Param', 'Type', ''], params),
    `Result: ${typeText(method.result.schema)}. ${detailText(method.result.schema)}`.trimEnd(),
    `Errors: ${names.join(', ')}.`,
    ...method.examples.map(exampleMarkdown),
  ];
}

function exampleMarkdown(example: Readonly<Record<string, unknown>>): string {
  return `Example, ${example['name']}:\n\n\`\`\`json\n${JSON.stringify(example, undefined, 2)}\n\`\`\``;
}

function objectMarkdown(name: string, schema: unknown): readonly string[] {
  if (!isSchema(schema)) return [];
  const { description, properties } = schema;
  const heading = [`### ${name}`, typeof description === 'string' ? description : ''];
  if (!isSchema(properties)) return [...heading, `Type: ${typeText(schema)}.`];
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  const rows = Object.entries(properties).map(([member, value]) => [
    `\`${member}\`${required.includes(member) ? '' : ' (optional)'}`,
    typeText(value),
    isSchema(value) ? detailText(value) : '',
  ]);
  return [...heading, table(['Member', 'Type', ''], rows)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function page(title: string, parts: readonly string[]): string {
  return `${[GENERATED, `# ${title}`, ...parts.filter((part) => part !== '')].join('\n\n')}\n`;
}

/** As GitHub makes them of headings. */
function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll('.', '');
}
