import { messageOf } from '../../core/index.js';

/** What was found out, or why it was not. */
export type Told<T> = { readonly value: T } | { readonly problem: string };

/** An answer of which a failure is a part: a report goes on without it. */
export async function told<T>(asking: Promise<T>): Promise<Told<T>> {
  try {
    return { value: await asking };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
