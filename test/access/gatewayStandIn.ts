import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import type { KubeObject } from "../cluster/kubeApi";
import { matches, matchesClaim, matchesHost, matchesPrincipal } from "./istioMatch";

/** A request as a listener of the gateway meets it. */
export interface GatewayRequest {
  /** Host header. */
  host: string;
  /** Port of the listener: 80 and 443 public, 8081 the cluster's own. */
  port: number;
  /** @default "/v1/models/m:predict" */
  path?: string;
  /** @default "POST" */
  method?: string;
  /** Other headers in order; a name may come twice. */
  headers?: [name: string, value: string][];
}

/** 401: a token that is none; 403: no policy allows it; 200: passed on. */
export type Verdict = 200 | 401 | 403;

/** Which of several good tokens a request counts as: Istio leaves that open. */
export enum WhichToken {
  First = "first",
  Last = "last",
}

/** Seconds that Envoy's clock may differ from the issuer's. */
const clockSkew = 60;
const rootNamespace = "istio-system";

/** Fields that are evaluated; any other one is an error, so that no rule is overlooked. */
const known = {
  authentication: ["selector", "jwtRules"],
  jwtRule: ["issuer", "jwksUri", "audiences", "fromHeaders", "forwardOriginalToken"],
  authorization: ["selector", "action", "rules"],
  rule: ["from", "to", "when"],
  source: ["requestPrincipals", "notRequestPrincipals"],
  operation: [
    "hosts",
    "notHosts",
    "ports",
    "notPorts",
    "methods",
    "notMethods",
    "paths",
    "notPaths",
  ],
  condition: ["key", "values", "notValues"],
};

/**
 * Stands in for Envoy behind Istio's control plane: evaluates RequestAuthentication and
 * AuthorizationPolicy objects as Istio's reference says, with signatures checked by a library.
 * It routes nothing.
 */
export class GatewayStandIn {
  readonly #authentications: KubeObject[];
  readonly #policies: KubeObject[];
  #keys: JSONWebKeySet = { keys: [] };

  /**
   * @param objects objects of the cluster, of any kind
   * @param labels labels of the gateway's pods
   * @param fetchKeys reads what is at a rule's jwksUri
   */
  constructor(
    objects: KubeObject[],
    labels: Record<string, string>,
    readonly fetchKeys: (jwksUri: string) => Promise<JSONWebKeySet>,
  ) {
    const selected = objects.filter(
      ({ apiVersion, metadata, spec }) =>
        apiVersion.startsWith("security.istio.io/") &&
        metadata.namespace === rootNamespace &&
        Object.entries(spec.selector?.matchLabels ?? {}).every(([k, v]) => labels[k] === v),
    );
    this.#authentications = selected.filter(({ kind }) => kind === "RequestAuthentication");
    this.#policies = selected.filter(({ kind }) => kind === "AuthorizationPolicy");
  }

  /**
   * What the control plane does every 20 minutes: asks the issuer, and keeps what it knew where
   * nobody answers. Before the first answer it has keys that no token is signed with.
   *
   * @returns whether the issuer answered
   */
  async refreshKeys(): Promise<boolean> {
    try {
      this.#keys = await this.fetchKeys(this.#rule.jwksUri);
      return true;
    } catch {
      return false;
    }
  }

  async judge(request: GatewayRequest, which = WhichToken.First): Promise<Verdict> {
    const payloads: JWTPayload[] = [];
    for (const token of this.#tokensOf(request)) {
      // All of several tokens must be good: the model might read the other one.
      const payload = await this.#verified(token);
      if (payload === undefined) {
        return 401;
      }
      payloads.push(payload);
    }
    const payload = payloads.at(which === WhichToken.First ? 0 : -1);
    return this.#isAllowed(request, payload) ? 200 : 403;
  }

  get #rule() {
    const [rule, ...others] = this.#authentications.flatMap(({ spec }) => {
      checkFields(spec, known.authentication);
      return spec.jwtRules;
    });
    if (rule === undefined || others.length > 0) {
      throw new Error("the stand-in knows one jwtRule");
    }
    checkFields(rule, known.jwtRule);
    return rule;
  }

  #tokensOf({ headers = [], path = "" }: GatewayRequest): string[] {
    if (this.#authentications.length === 0) {
      return [];
    }
    const places: { name: string; prefix: string }[] = this.#rule.fromHeaders ?? [
      { name: "Authorization", prefix: "Bearer " },
    ];
    const inHeaders = places.flatMap(({ name, prefix }) =>
      headers
        .filter(([header]) => header.toLowerCase() === name.toLowerCase())
        .map(([, value]) => value)
        .filter((value) => value.includes(prefix))
        .map((value) => value.slice(value.indexOf(prefix) + prefix.length).trimStart()),
    );
    const query = new URLSearchParams(path.split("?")[1]).get("access_token");
    return this.#rule.fromHeaders || query === null ? inHeaders : [...inHeaders, query];
  }

  async #verified(token: string): Promise<JWTPayload | undefined> {
    const { issuer, audiences } = this.#rule;
    try {
      const { payload } = await jwtVerify(token, createLocalJWKSet(this.#keys), {
        issuer,
        audience: audiences,
        clockTolerance: clockSkew,
      });
      return payload;
    } catch {
      return undefined;
    }
  }

  #isAllowed(request: GatewayRequest, payload: JWTPayload | undefined): boolean {
    const matching = (action: string) =>
      this.#policies.filter(
        ({ spec }) =>
          (spec.action ?? "ALLOW") === action &&
          (spec.rules ?? []).some((rule: object) => matchesRule(rule, request, payload)),
      );
    for (const { spec, metadata } of this.#policies) {
      checkFields(spec, known.authorization);
      if (!["ALLOW", "DENY"].includes(spec.action ?? "ALLOW")) {
        throw new Error(`${metadata.name}: the stand-in knows no ${spec.action}`);
      }
    }
    const allowing = this.#policies.filter(({ spec }) => (spec.action ?? "ALLOW") === "ALLOW");
    return matching("DENY").length === 0 && (allowing.length === 0 || matching("ALLOW").length > 0);
  }
}

type Payload = JWTPayload | undefined;

function matchesRule(rule: any, request: GatewayRequest, payload: Payload): boolean {
  checkFields(rule, known.rule);
  const { from = [{}], to = [{}], when = [] } = rule;
  return (
    from.some(({ source = {} }: any) => matchesSource(source, payload)) &&
    to.some(({ operation = {} }: any) => matchesOperation(operation, request)) &&
    when.every((condition: any) => matchesCondition(condition, request, payload))
  );
}

function matchesSource(source: any, payload: Payload): boolean {
  checkFields(source, known.source);
  return inOrOut(source.requestPrincipals, source.notRequestPrincipals, (pattern) =>
    matchesPrincipal(pattern, payload?.iss ?? "", payload?.sub ?? ""),
  );
}

function matchesOperation(operation: any, request: GatewayRequest): boolean {
  checkFields(operation, known.operation);
  const { host, port, path = "/v1/models/m:predict", method = "POST" } = request;
  // Without the query, and with `.` and `..` resolved, as Istio has Envoy do by default.
  const { pathname } = new URL(`http://host${path}`);
  const { hosts, notHosts, ports, notPorts, paths, notPaths, methods, notMethods } = operation;
  return (
    inOrOut(hosts, notHosts, (pattern) => matchesHost(pattern, host)) &&
    inOrOut(ports, notPorts, (pattern) => pattern === `${port}`) &&
    inOrOut(paths, notPaths, (pattern) => matches(pattern, pathname)) &&
    inOrOut(methods, notMethods, (pattern) => matches(pattern, method))
  );
}

function matchesCondition(condition: any, request: GatewayRequest, payload: Payload): boolean {
  checkFields(condition, known.condition);
  const [, attribute, name] = /^request\.(auth\.claims|headers)\[([^[\]]+)\]$/.exec(
    condition.key,
  ) ?? [undefined, undefined, undefined];
  if (name === undefined) {
    throw new Error(`the stand-in knows no condition ${condition.key}`);
  }
  const { values, notValues } = condition;
  if (attribute === "headers") {
    const sent = (request.headers ?? []).filter(([h]) => h.toLowerCase() === name.toLowerCase());
    // Envoy compares several headers of one name as one.
    const value = sent.map(([, text]) => text).join(",");
    return inOrOut(values, notValues, (pattern) => sent.length > 0 && matches(pattern, value));
  }
  return inOrOut(values, notValues, (pattern) => matchesClaim(pattern, payload?.[name]));
}

/** One of the wanted where there are any, and none of the unwanted. */
function inOrOut(
  wanted: string[] | undefined,
  unwanted: string[] | undefined,
  isMatch: (pattern: string) => boolean,
): boolean {
  return (wanted === undefined || wanted.some(isMatch)) && !(unwanted ?? []).some(isMatch);
}

function checkFields(value: object, fields: string[]): void {
  const unknown = Object.keys(value).filter((field) => !fields.includes(field));
  if (unknown.length > 0) {
    throw new Error(`the stand-in knows no ${unknown.join(", ")}`);
  }
}
