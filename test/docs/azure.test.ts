import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { stackNeeds } from "../../automation/doctor/stackNeeds";
import { preview } from "../../preview/preview";
import type { StackPreview } from "../../preview/report/stackPreview";
import { commandProblems } from "./commandProblems";

const root = resolve(__dirname, "../..");
const page = readFileSync(resolve(root, "docs/azure.md"), "utf8");

describe("docs/azure.md", function () {
  this.timeout(240_000);
  const shown = new Map<string, StackPreview>();

  before(async () => {
    for (const stack of ["dev", "prod"]) {
      shown.set(stack, await preview({ projectDir: root, stack }));
    }
  });

  it("registers the resource providers that dev and prod need", () => {
    const command = /for name in ([^;]*); do/.exec(page)![1]!;
    const registered = command.match(/Microsoft\.\w+/g)!.map((name) => name.toLowerCase());
    const needed = [...shown.values()].flatMap((each) => stackNeeds(each).azure!.resourceProviders);
    assert.deepEqual(registered.sort(), [...new Set(needed)].sort());
  });

  it("gives the vCPUs of every pool", () => {
    const rows = [...page.matchAll(/^ *\| `(dev|prod)` *\|(.*)\|$/gm)].map(([, stack, cells]) => [
      stack,
      ...cells!.split("|").map((cell) => cell.trim()),
    ]);
    const expected = [...shown].flatMap(([stack, { capacity }]) =>
      capacity.pools.map(({ name, vmSize, spot, zero, full }) => [
        stack,
        name,
        vmSize,
        String(zero.vCpus),
        String(full.vCpus),
        spot ? "spot" : "family and region",
      ]),
    );
    assert.deepEqual(rows, expected);
  });

  it("names a role for each that is assigned", () => {
    const assigned = [...shown.values()]
      .flatMap(({ result }) => result.resources)
      .filter(({ type }) => type === "azure-native:authorization:RoleAssignment")
      .map(({ inputs }) => String(inputs.roleDefinitionId).split("/").at(-1)!);
    const table = page.slice(page.indexOf("## Roles that the program assigns"));
    // Names of built-in roles: https://learn.microsoft.com/azure/role-based-access-control.
    const names: Record<string, string> = {
      "f1a07417-d97a-45cb-824c-7a7467783830": "Managed Identity Operator",
      "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
      "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
      "b93aa761-3e63-49ed-ac28-beffa264f7ac": "Container Registry Repository Reader",
      "2a1e307c-b015-4ebd-883e-5b7698a07328": "Container Registry Repository Writer",
      "4d97b98b-1d4f-4787-a291-c67834d212e7": "Network Contributor",
      "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b": "Azure Kubernetes Service RBAC Cluster Admin",
      "4abbcc35-e782-43d8-92c5-2d3f1bd2253f": "Azure Kubernetes Service Cluster User Role",
    };
    const rows = [...table.matchAll(/^\| (\S.*?) +\|/gm)].map(([, first]) => first!);
    const roles = rows.filter((name) => !["role", "---"].some((head) => name.startsWith(head)));
    assert.deepEqual(roles.sort(), [...new Set(assigned.map((id) => names[id] ?? id))].sort());
  });

  it("names commands that exist", () => {
    const commands = [...page.matchAll(/^ *(npm run .*)$/gm)].map(([, command]) => command!);
    assert.ok(commands.length >= 6);
    assert.deepEqual(
      commands.flatMap((command) => commandProblems(command)),
      [],
    );
  });
});
