import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JSONWebKeySet,
  type JWTPayload,
  SignJWT,
} from "jose";

interface SigningKey {
  kid: string;
  publicKey: CryptoKey;
  privateKey: CryptoKey;
}

/** An OpenID Connect issuer as the gateway's control plane meets it: keys over HTTP, and tokens. */
export class TestIssuer {
  /** Requests for the keys so far. */
  asked = 0;
  readonly #keys: SigningKey[] = [];
  readonly #server = createServer((_, response) => {
    this.asked++;
    void this.#published().then((keys) => response.end(JSON.stringify(keys)));
  });

  /** @param issuer as it stands in the tokens */
  constructor(readonly issuer: string) {}

  async start(): Promise<void> {
    await this.rotate();
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  /** Where the keys are. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/keys`;
  }

  /** Signs with a new key from now on; the one before stays published. */
  async rotate(): Promise<void> {
    const pair = await generateKeyPair("RS256", { extractable: true });
    this.#keys.push({ kid: `key-${this.#keys.length + 1}`, ...pair });
  }

  /** Takes every key but the newest from what is published. */
  retire(): void {
    this.#keys.splice(0, this.#keys.length - 1);
  }

  /** The public key, as an attacker reads it. */
  async publicPem(): Promise<string> {
    return exportSPKI(this.#newest.publicKey);
  }

  /** A token that is good for ten minutes, with other claims and header where they are given. */
  async token(claims: JWTPayload, header: Record<string, string> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const { kid, privateKey } = this.#newest;
    return new SignJWT({
      iss: this.issuer,
      aud: "models",
      sub: "someone",
      iat: now,
      exp: now + 600,
      ...claims,
    })
      .setProtectedHeader({ alg: "RS256", kid, ...header })
      .sign(privateKey);
  }

  get #newest(): SigningKey {
    return this.#keys.at(-1)!;
  }

  async #published(): Promise<JSONWebKeySet> {
    const keys = this.#keys.map(async ({ kid, publicKey }) => ({
      ...(await exportJWK(publicKey)),
      kid,
      alg: "RS256",
      use: "sig",
    }));
    return { keys: await Promise.all(keys) };
  }
}
