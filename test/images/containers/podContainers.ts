import { preloadedPrefix } from "../../../program/publishedImages";
import { podsOf } from "../../cluster/podTemplates";
import { stackObjects, templateObjects, updatedStack } from "../../cluster/stackObjects";
import type { ContainerSpec } from "./container";

/** What the pods of a stack say of each of their containers, by the image's name. */
export type PodContainers = Record<string, Pick<ContainerSpec, "uid" | "gid" | "readOnly">>;

/**
 * Reads from the objects of the stack `local` as whom each own image runs, and whether it may write
 * to its root.
 *
 * @throws Error where a container keeps a capability or may gain a privilege
 */
export async function podContainers(): Promise<PodContainers> {
  const objects = stackObjects(await updatedStack("local")).map(({ object }) => object);
  const found: PodContainers = {};
  for (const { pod } of podsOf([...objects, ...templateObjects("churn")])) {
    const { securityContext: ofPod = {}, containers, initContainers = [] } = pod.spec;
    for (const { image, securityContext = {} } of [...containers, ...initContainers]) {
      const name = new RegExp(`${preloadedPrefix}/([a-z-]+):`).exec(image)?.[1];
      if (name === undefined) {
        continue;
      }
      const { runAsUser, runAsGroup, ...own } = { ...ofPod, ...securityContext };
      if (own.allowPrivilegeEscalation !== false || own.capabilities?.drop?.[0] !== "ALL") {
        throw new Error(`${name} runs with more than the restricted standard allows`);
      }
      // Services come before the Jobs that use their images.
      found[name] ??= {
        uid: runAsUser,
        gid: runAsGroup ?? runAsUser,
        readOnly: own.readOnlyRootFilesystem === true,
      };
    }
  }
  return found;
}
