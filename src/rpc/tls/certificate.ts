import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContextOptions, type SecureVersion } from 'node:tls';
import { AtomaError, messageOf } from '../../core/index.js';

/** PEM files of the operator. */
export interface TlsFiles {
  /** The certificate, and behind it those that lead to the root. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** Below it TLS has no safe choices (RFC 8996). */
const MIN_TLS_VERSION: SecureVersion = 'TLSv1.2';

const OTHERS = 0o077;

/**
 * The certificate and its key, as a server takes them.
 * @throws AtomaError `tls_unreadable`, `tls_invalid`, naming the key of the configuration and the file
 */
export async function readCertificate({ certFile, keyFile }: TlsFiles): Promise<SecureContextOptions> {
  const cert = await read('rpc.tls_cert', certFile);
  const key = await read('rpc.tls_key', keyFile);
  check({ cert }, 'rpc.tls_cert', certFile, 'is no certificate in PEM');
  check({ key }, 'rpc.tls_key', keyFile, 'is no private key in PEM, or one that is encrypted');
  check(
    { cert, key },
    'rpc.tls_key',
    keyFile,
    `is not the key of the certificate ${certFile} (rpc.tls_cert)`,
  );
  return { cert, key, minVersion: MIN_TLS_VERSION };
}

/** Whether others than its owner can read the private key. */
export async function isExposed({ keyFile }: TlsFiles): Promise<boolean> {
  // Windows has no such bits.
  return process.platform !== 'win32' && ((await stat(keyFile)).mode & OTHERS) !== 0;
}

async function read(name: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const message = `${name}: ${path} cannot be read: ${messageOf(cause)}. It has to be a PEM file that the user who runs the node can read.`;
    throw new AtomaError('tls_unreadable', message, { fields: { key: name, path }, cause });
  }
}

function check(options: SecureContextOptions, name: string, path: string, problem: string): void {
  try {
    createSecureContext(options);
  } catch (cause) {
    const message = `${name}: ${path} ${problem} (${messageOf(cause)}).`;
    throw new AtomaError('tls_invalid', message, { fields: { key: name, path }, cause });
  }
}
