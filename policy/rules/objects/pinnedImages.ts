import { absent, all, any, at, type Expression, matches, not, oneOf } from "../expression";
import {
  digestPattern,
  exactTagPattern,
  movingTagPattern,
  registryPattern,
} from "../imageReference";
import { podKinds } from "../objectKinds";
import { eachContainer, eachOverlay, type ObjectRule, type Requirement } from "../objectRule";
import type { ProjectSettings } from "../projectSettings";

const image = "container.image";

/** A requirement on the image of every container, and of what is laid over one. */
const onImages = (
  check: Expression,
  said: Pick<Requirement, "must" | "problem" | "remedy">,
): Requirement[] =>
  [eachContainer, eachOverlay].map((forEach) => ({
    forEach,
    // A runtime may leave the image to the object that uses it; there it is checked.
    check: any(absent(image), check),
    seen: at(image),
    ...said,
    problem: forEach === eachOverlay ? said.problem.replace("{container.name} ", "") : said.problem,
  }));

const pinned = onImages(
  any(
    matches(image, digestPattern),
    all(matches(image, exactTagPattern), not(matches(image, movingTagPattern))),
  ),
  {
    must: "Every container image is named by digest or exact tag",
    problem: "container {container.name} runs {seen}, which can change under the same name",
    remedy: "name an exact version or a sha256 digest",
  },
);

/** A project's images come from where the stack says. */
const fromRegistries = ({ registries, platformImages = [] }: ProjectSettings): Requirement[] =>
  registries === undefined
    ? []
    : onImages(
        any(
          ...registries.map((registry) => matches(image, registryPattern(registry))),
          oneOf(image, platformImages),
        ),
        {
          must: "A project's images come from the registries of the stack",
          problem: "container {container.name} runs {seen}, which is of none of its registries",
          remedy: `push it to ${registries.join(" or ") || "a registry that the stack names"}`,
        },
      );

/** A tag is what its publisher says today; a digest is what was tried. */
const byDigest = ({ requireDigests, platformImages = [] }: ProjectSettings): Requirement[] =>
  requireDigests === true
    ? onImages(any(matches(image, digestPattern), oneOf(image, platformImages)), {
        must: "A project's images are named by digest",
        problem: "container {container.name} runs {seen}, which names no digest",
        remedy: "add the sha256 digest that was pushed, as the template's train.yml does",
      })
    : [];

/**
 * A container image is named by digest or by a tag that its publisher does not move, so that a
 * restart never brings other code; a project's also come from known registries. Images inside Helm
 * charts are not visible to a policy.
 */
export function pinnedImages(projects?: ProjectSettings): ObjectRule {
  return {
    name: "mlplatform-kubernetes-require-pinned-images",
    description: "Container images are pinned.",
    kinds: podKinds,
    requirements: [
      ...pinned,
      ...(projects ? [...fromRegistries(projects), ...byDigest(projects)] : []),
    ],
  };
}
