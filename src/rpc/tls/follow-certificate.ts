import type { Server } from 'node:tls';
import type { Logger } from 'pino';
import { messageOf } from '../../core/index.js';
import { watchFiles } from '../file-watch.js';
import { readCertificate, type TlsFiles } from './certificate.js';

/**
 * Gives a server the certificate again whenever its files change; connections that are open keep theirs. Files that
 * cannot be used, or of which only one has been renewed yet, change nothing, and the log says so. Returns what ends that.
 */
export function followCertificate(
  server: Pick<Server, 'setSecureContext'>,
  files: TlsFiles,
  logger: Logger,
): () => void {
  const { certFile, keyFile } = files;
  let reading: Promise<void> = Promise.resolve();
  const readAgain = async (): Promise<void> => {
    try {
      server.setSecureContext(await readCertificate(files));
      logger.info({ certFile }, 'the TLS certificate was read again');
    } catch (error) {
      logger.warn(
        { certFile, keyFile, problem: messageOf(error) },
        'the TLS files changed and cannot be used: the former certificate goes on being served',
      );
    }
  };
  return watchFiles([certFile, keyFile], () => {
    reading = reading.then(readAgain);
  });
}
