import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { scramVerifier } from '../../lambdas/migrate/scram-verifier.ts';

// The exchange in RFC 7677, section 3.
const NONCE = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ==';
const AUTH_MESSAGE = `n=user,r=rOprNGfwEbeRWgbNEkqO,r=${NONCE},s=${SALT},i=4096,c=biws,r=${NONCE}`;
const CLIENT_PROOF = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64');
const SERVER_SIGNATURE = '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

describe('a SCRAM verifier', () => {
  it('accepts the client and signs the answer of the example in RFC 7677', () => {
    const verifier = scramVerifier('pencil', Buffer.from(SALT, 'base64'));
    const [, salt, storedKey = '', serverKey = ''] = /^SCRAM-SHA-256\$4096:(.+)\$(.+):(.+)$/.exec(verifier) ?? [];
    expect(salt).toBe(SALT);
    const sign = (key: string) => createHmac('sha256', Buffer.from(key, 'base64')).update(AUTH_MESSAGE).digest();
    const clientSignature = sign(storedKey);
    const clientKey = CLIENT_PROOF.map((byte, index) => byte ^ (clientSignature[index] ?? 0));
    expect(createHash('sha256').update(clientKey).digest('base64')).toBe(storedKey);
    expect(sign(serverKey).toString('base64')).toBe(SERVER_SIGNATURE);
  });

  it.each(['', 'pässwort', 'tab\there'])('is refused for the password %j, without quoting it', (password) => {
    expect(() => scramVerifier(password, Buffer.alloc(16))).toThrow(
      expect.objectContaining({ code: 'INVALID_SERVICE_PASSWORD' }),
    );
    if (password !== '') expect(() => scramVerifier(password, Buffer.alloc(16))).not.toThrow(password);
  });
});
