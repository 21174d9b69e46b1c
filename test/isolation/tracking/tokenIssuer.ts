import {
  createHmac,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign as signBytes,
} from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What a token says besides the usual, or instead of it; `undefined` leaves a claim out. */
export type Claims = Record<string, unknown>;

interface IssuerKey {
  kid: string;
  publicKey: KeyObject;
  privateKey: KeyObject;
}

/** An issuer of tokens with a page of its keys, as an API server or an OIDC provider has. */
export class TokenIssuer {
  /** How often its keys were asked for. */
  asked = 0;
  /** False answers as an issuer that is broken. */
  isUp = true;
  /** Bearer token that it asks for, as an API server does. */
  requiredToken: string | undefined;
  private published: IssuerKey[] = [];
  private readonly signing: IssuerKey[] = [];

  private constructor(private readonly server: Server) {
    this.addKey();
    this.published = [...this.signing];
  }

  static async start(): Promise<TokenIssuer> {
    const server = createServer();
    const issuer = new TokenIssuer(server);
    server.on("request", (request, answer) => {
      issuer.asked += 1;
      const { requiredToken } = issuer;
      if (!issuer.isUp) {
        answer.writeHead(503).end();
      } else if (
        requiredToken !== undefined &&
        request.headers.authorization !== `Bearer ${requiredToken}`
      ) {
        answer.writeHead(401).end();
      } else {
        answer.setHeader("content-type", "application/json").end(issuer.keys);
      }
    });
    await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
    return issuer;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** Its name in tokens. */
  get name(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get jwksUri(): string {
    return `${this.name}/openid/v1/jwks`;
  }

  /** Its newest key as a program would mistake it for a secret. */
  get publicKeyText(): string {
    return this.newest.publicKey.export({ format: "pem", type: "spki" }).toString();
  }

  /** Signs by a new key from now on. Published says whether its page shows the new one. */
  rotate({ isPublished }: { isPublished: boolean }): void {
    this.addKey();
    if (isPublished) {
      this.publish();
    }
  }

  /** Shows the newest key, and no older one. */
  publish(): void {
    this.published = [this.newest];
  }

  /** A token by the newest key, or by the one that `kid` names. */
  token(claims: Claims, header: Record<string, unknown> = {}): string {
    const now = Math.floor(Date.now() / 1000);
    const usual = { iss: this.name, iat: now, nbf: now, exp: now + 600 };
    const key = this.signing.find(({ kid }) => kid === header["kid"]) ?? this.newest;
    const text = [
      { alg: "RS256", typ: "JWT", kid: key.kid, ...header },
      { ...usual, ...claims },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    return `${text}.${this.signatureOf(text, key, header["alg"])}`;
  }

  /** Id of the key that it signs by. */
  get kid(): string {
    return this.newest.kid;
  }

  private get newest(): IssuerKey {
    return this.signing.at(-1)!;
  }

  private signatureOf(text: string, key: IssuerKey, algorithm: unknown): string {
    switch (algorithm) {
      case "none":
        return "";
      case "HS256":
        return createHmac("sha256", this.publicKeyText).update(text).digest("base64url");
      default:
        return signBytes("RSA-SHA256", Buffer.from(text), key.privateKey).toString("base64url");
    }
  }

  private addKey(): void {
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    this.signing.push({ kid: randomUUID(), ...pair });
  }

  private get keys(): string {
    const keys = this.published.map(({ kid, publicKey }) => ({
      ...publicKey.export({ format: "jwk" }),
      kid,
      use: "sig",
      alg: "RS256",
    }));
    return JSON.stringify({ keys });
  }
}

/** Claims of the token that Kubernetes gives a pod for MLflow. */
export function podClaims(namespace: string, account: string): Claims {
  return {
    aud: ["mlflow"],
    sub: `system:serviceaccount:${namespace}:${account}`,
    "kubernetes.io": {
      namespace,
      pod: { name: `${namespace}-0`, uid: randomUUID() },
      serviceaccount: { name: account, uid: randomUUID() },
    },
  };
}

/** Claims of somebody who signed in by OIDC. */
export function personClaims(name: string, groups: unknown): Claims {
  return { aud: "mlflow-page", sub: randomUUID(), email: `${name}@example.com`, groups };
}
