import { absent, any, matches } from "../expression";
import { pinnedImagePatterns } from "../imageReference";
import { podKinds } from "../objectKinds";
import { eachContainer, type ObjectRule } from "../objectRule";

/**
 * A container image is named by digest or by a tag that its publisher does not move, so that a
 * restart never brings other code. Images inside Helm charts are not visible to a policy.
 */
export const pinnedImages: ObjectRule = {
  name: "mlplatform-kubernetes-require-pinned-images",
  description: "Container images are pinned.",
  kinds: podKinds,
  requirements: [
    {
      forEach: eachContainer,
      check: any(
        // A runtime may leave the image to the object that uses it; there it is checked.
        absent("container.image"),
        ...pinnedImagePatterns.map((pattern) => matches("container.image", pattern)),
      ),
      seen: ["container", "image"],
      must: "Every container image is named by digest or exact tag",
      problem: "container {container.name} runs {seen}, which can change under the same name",
      remedy: "name an exact version or a sha256 digest",
    },
  ],
};
