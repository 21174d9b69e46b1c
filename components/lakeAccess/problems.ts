import { objectName } from "../argumentFormats";
import {
  type ArgumentProblem,
  choiceProblems,
  problem,
  type TextFormat,
  textProblems,
} from "../argumentProblems";
import { LakeKind } from "../connections";
import { plainValue } from "../refuseProblems";
import { type LakeAccessArgs, type LakeGrant, LakePermission } from "./args";
import { normalizeLakeAccess } from "./normalize";

/** Everything that is wrong with the arguments of a LakeAccess; empty where nothing is. */
export function lakeAccessProblems(name: string, args: LakeAccessArgs): ArgumentProblem[] {
  const { secretName, grants, lake } = normalizeLakeAccess(args);
  const known = plainValue(lake);
  return [
    ...textProblems("name", name, accessKeyId),
    ...(known ? grantingLakeProblems(known) : []),
    ...grantProblems(grants),
    ...textProblems("secretName", secretName, objectName),
  ];
}

const accessKeyId: TextFormat = {
  pattern: /^[a-z0-9](-?[a-z0-9]){2,52}$/,
  rule: "must be 3–53 lower-case letters, digits and single hyphens to be an access key id",
  remedy: "Rename the component.",
};

/** Kinds of store that can give each consumer a key of its own. */
const grantingKinds: string[] = [LakeKind.Minio, LakeKind.SeaweedFs];

/** Why a lake's store can't grant keys; empty where it can. Without a kind it is MinIO. */
export function grantingLakeProblems(
  { kind }: { kind?: unknown },
  propertyPath = "lake.kind",
): ArgumentProblem[] {
  if (typeof kind !== "string" || grantingKinds.includes(kind)) {
    return [];
  }
  const rule = "must be one that can give each consumer a key of its own";
  return [problem(propertyPath, rule, kind, `Choose ${grantingKinds.join(" or ")}.`)];
}

/**
 * What is wrong with grants. A prefix without a closing slash would also cover its neighbours
 * (`raylogs` covers `raylogs-old/`).
 */
function grantProblems(grants: LakeGrant[]): ArgumentProblem[] {
  if (grants.length === 0) {
    const remedy = "A consumer without a grant needs no key.";
    return [problem("grants", "must grant at least one prefix", grants, remedy)];
  }
  const prefixes = grants.map(({ prefix }) => prefix);
  return grants.flatMap(({ prefix, permission }, index) => {
    const path = `grants[${index}]`;
    const isRepeated = prefixes.indexOf(prefix) < index;
    const remedy = "Give each prefix one grant with the wider permission.";
    return [
      ...textProblems(`${path}.prefix`, prefix, keyPrefix),
      ...(isRepeated ? [problem(`${path}.prefix`, "must be granted once", prefix, remedy)] : []),
      ...choiceProblems(`${path}.permission`, permission, LakePermission),
    ];
  });
}

const keyPrefix: TextFormat = {
  pattern: /^([A-Za-z0-9_.=-]+\/)*$/,
  rule: 'must be empty or key segments that each end in "/"',
  remedy: 'Write e.g. "raylogs/".',
};
