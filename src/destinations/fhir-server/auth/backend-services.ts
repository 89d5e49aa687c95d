import { SignJWT } from 'jose';
import type { Authorizer, AuthOptions, AuthSurroundings } from './authorizer.ts';
import { signingKey, type SigningKey } from './signing-keys.ts';
import { tokenLogin } from './token-login.ts';

/** SMART allows five minutes; a clock that is a little ahead of the server's must not make it more. */
const assertionLifetimeMs = 4 * 60_000;

/**
 * SMART Backend Services: an assertion signed by our key takes the place of a secret.
 * https://hl7.org/fhir/smart-app-launch/backend-services.html
 */
export function backendServices(
  options: Extract<AuthOptions, { kind: 'backend-services' }>,
  surroundings: AuthSurroundings,
): Authorizer {
  const { tokenAddress, scope, keys } = options;
  const proof = () => {
    const key = signingKey(keys);
    if (key === undefined) return undefined;
    return {
      // A kid that was given in the settings may stand for another key tomorrow.
      id: JSON.stringify(key.jwk),
      show: async (audience: string) => ({
        form: {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await assertion(key, audience, options, surroundings),
        },
      }),
    };
  };
  return tokenLogin({ tokenAddress, scope, proof, dated: true }, surroundings);
}

/** With a `jti` of its own each time. Without `iat` and `nbf`, which nobody asks for and a clock slightly ahead spoils. */
function assertion(
  { jwk: { kid, alg }, privateKey }: SigningKey,
  audience: string,
  { clientId, jwksUrl }: Extract<AuthOptions, { kind: 'backend-services' }>,
  { now, newId }: AuthSurroundings,
): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ typ: 'JWT', alg, kid, ...(jwksUrl === '' ? {} : { jku: jwksUrl }) })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(audience)
    .setJti(newId())
    .setExpirationTime(Math.floor((now() + assertionLifetimeMs) / 1000))
    .sign(privateKey);
}
