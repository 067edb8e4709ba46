import { decodeSuiPrivateKey, type SignatureScheme, type Signer } from '@mysten/sui/cryptography';
import { Ed25519Keypair } from '@mysten/sui/keypairs/ed25519';
import { Secp256k1Keypair } from '@mysten/sui/keypairs/secp256k1';
import { Secp256r1Keypair } from '@mysten/sui/keypairs/secp256r1';
import { AtomaError } from '../../core/index.js';

interface KeypairClass {
  fromSecretKey(secret: Uint8Array): Signer;
}

/** The schemes that a wallet of one key can have. */
const SCHEMES = new Map<SignatureScheme, KeypairClass>([
  ['ED25519', Ed25519Keypair],
  ['Secp256k1', Secp256k1Keypair],
  ['Secp256r1', Secp256r1Keypair],
]);

/**
 * The key pair of a secret.
 * @throws AtomaError `invalid_key`, which never shows the secret
 */
export function keypairFromSecret(scheme: SignatureScheme | undefined, secret: Uint8Array): Signer {
  const keypairs = scheme === undefined ? undefined : SCHEMES.get(scheme);
  if (keypairs === undefined) {
    throw invalidKey('is of a key scheme other than ed25519, secp256k1 and secp256r1');
  }
  try {
    return keypairs.fromSecretKey(secret);
  } catch {
    throw invalidKey('is no valid secret of its key scheme');
  }
}

/**
 * The key pair of an exported key, `suiprivkey1…`.
 * @throws AtomaError `invalid_key`, which never shows the secret
 */
export function keypairFromExport(key: string): Signer {
  let decoded: ReturnType<typeof decodeSuiPrivateKey>;
  try {
    decoded = decodeSuiPrivateKey(key);
  } catch {
    throw invalidKey('is no valid suiprivkey string');
  }
  return keypairFromSecret(decoded.scheme, decoded.secretKey);
}

/** A key that is wrong; `what` goes on from the name of where it stands. */
export function invalidKey(what: string): AtomaError {
  return new AtomaError('invalid_key', `the key ${what}`, { fields: { what } });
}
