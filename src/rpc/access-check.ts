import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { stateOf } from './access/api-key.js';
import { insecureBind } from './access/insecure-bind.js';
import { readKeysFile } from './access/keys-file.js';
import { readCertificate, type TlsFiles } from './tls/certificate.js';

interface Access {
  /** API keys that stand. */
  readonly activeKeys: number;
  /** When the certificate runs out; undefined for plain HTTP. */
  readonly certificateEnds: Date | undefined;
}

/**
 * Whether a server would let itself be started with these keys and this certificate, and what they are.
 * @throws AtomaError `insecure_bind`, `keys_file_*`, `tls_unreadable`, `tls_invalid`
 */
export async function checkAccess(options: {
  readonly host: string;
  readonly keysFile: string;
  readonly tls: TlsFiles | undefined;
}): Promise<Access> {
  const keys = (await readKeysFile(options.keysFile))?.keys ?? [];
  const activeKeys = keys.filter((key) => stateOf(key, Date.now()) === 'active').length;
  const problem = insecureBind(options, activeKeys);
  if (problem !== undefined) throw problem;
  return { activeKeys, certificateEnds: options.tls && (await endOf(options.tls)) };
}

async function endOf(files: TlsFiles): Promise<Date> {
  await readCertificate(files);
  return new Date(new X509Certificate(await readFile(files.certFile)).validTo);
}
