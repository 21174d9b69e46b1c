import { personClaims, podClaims } from "./tokenIssuer";
import type { Caller, TokenIssuers, TrackingBed } from "./trackingBed";

/** People, by the project that they may read. */
const people = { stranger: undefined, "churn-viewer": "churn", "pricing-viewer": "pricing" };

/** Makes the people's users, as an administrator does. */
export async function addPeople(bed: TrackingBed): Promise<void> {
  for (const [person, project] of Object.entries(people)) {
    await bed.addUser(person);
    if (project !== undefined) {
      await bed.assign(person, project, "viewer");
    }
  }
}

/** An actor of the matrix, and what it may do with what is `pricing`'s. */
export interface Actor extends Caller {
  name: string;
  mayRead: boolean;
  /** Whether it may create in the workspace that it names. */
  mayCreate?: boolean;
}

/** Signs in as a pod of a namespace, by the token of its service account. */
export function pod(namespace: string, account = "training") {
  return ({ cluster }: TokenIssuers) => cluster.token(podClaims(namespace, account));
}

/** Signs in as somebody in groups. */
export function person(...groups: string[]) {
  return ({ people: issuer }: TokenIssuers) => issuer.token(personClaims("ada", groups));
}

const refused = { mayRead: false };

/** Everybody but `pricing` itself, whose own work is a test of its own, and administrators. */
export const outsiders: Actor[] = [
  {
    name: "another project",
    username: "churn",
    workspace: "churn",
    mayRead: false,
    mayCreate: true,
  },
  {
    name: "another project that names this workspace",
    username: "churn",
    workspace: "pricing",
    ...refused,
  },
  { name: "another project that names no workspace", username: "churn", ...refused },
  {
    name: "another project that names two workspaces",
    username: "churn",
    workspace: "churn, pricing",
    ...refused,
  },
  {
    name: "another project's viewer",
    username: "churn-viewer",
    workspace: "pricing",
    ...refused,
  },
  { name: "somebody in no role", username: "stranger", workspace: "pricing", ...refused },
  { name: "nobody", workspace: "pricing", ...refused },
  { name: "the project's viewer", username: "pricing-viewer", workspace: "pricing", mayRead: true },
  {
    name: "another project's pod",
    token: pod("churn"),
    workspace: "churn",
    mayRead: false,
    mayCreate: true,
  },
  {
    name: "another project's pod that names this workspace",
    token: pod("churn"),
    workspace: "pricing",
    ...refused,
  },
  {
    name: "a person of another project",
    token: person("churn-members", "churn-administrators"),
    workspace: "pricing",
    ...refused,
  },
  {
    name: "a person of no project",
    token: person("everybody"),
    workspace: "pricing",
    ...refused,
  },
  {
    name: "a person who views two projects",
    token: person("churn-viewers", "pricing-viewers"),
    workspace: "pricing",
    mayRead: true,
  },
];

/** The project itself. */
export const owners: Actor[] = [
  {
    name: "the project",
    username: "pricing",
    workspace: "pricing",
    mayRead: true,
    mayCreate: true,
  },
  {
    name: "the project's pod",
    token: pod("pricing"),
    workspace: "pricing",
    mayRead: true,
    mayCreate: true,
  },
  {
    name: "a person who is its member",
    token: person("pricing-members"),
    workspace: "pricing",
    mayRead: true,
    mayCreate: true,
  },
];
