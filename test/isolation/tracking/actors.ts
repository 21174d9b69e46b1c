import type { Caller, TrackingBed } from "./trackingBed";

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
}

/** Everybody but `pricing` itself, whose own work is a test of its own, and administrators. */
export const outsiders: Actor[] = [
  { name: "another project", username: "churn", workspace: "churn", mayRead: false },
  {
    name: "another project that names this workspace",
    username: "churn",
    workspace: "pricing",
    mayRead: false,
  },
  { name: "another project that names no workspace", username: "churn", mayRead: false },
  {
    name: "another project that names two workspaces",
    username: "churn",
    workspace: "churn, pricing",
    mayRead: false,
  },
  {
    name: "another project's viewer",
    username: "churn-viewer",
    workspace: "pricing",
    mayRead: false,
  },
  { name: "somebody in no role", username: "stranger", workspace: "pricing", mayRead: false },
  { name: "nobody", workspace: "pricing", mayRead: false },
  { name: "the project's viewer", username: "pricing-viewer", workspace: "pricing", mayRead: true },
];

/** The project itself. */
export const owner: Actor = {
  name: "the project",
  username: "pricing",
  workspace: "pricing",
  mayRead: true,
};
