/**
 * The one error class of the node. `code` is stable, lower-case and documented; `fields` hold the values
 * that a program needs to react, so that nobody parses `message`.
 */
export class AtomaError extends Error {
  readonly code: string;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { readonly fields?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AtomaError';
    this.code = code;
    this.fields = options.fields ?? {};
  }
}

/** The form in which an error crosses a process or a thread: custom classes lose their fields there. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Any thrown value as {@link ErrorData}; what is no {@link AtomaError} gets the code `internal`. */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof AtomaError) {
    return { code: error.code, message: error.message, fields: error.fields };
  }
  return { code: 'internal', message: messageOf(error), fields: {} };
}

/** Back from {@link ErrorData} to something that can be thrown. */
export function fromErrorData(data: ErrorData): AtomaError {
  return new AtomaError(data.code, data.message, { fields: data.fields });
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
