import { type KubeApi, type KubeObject, Refusal } from "./kubeApi";

/** A refusal repeats what it refuses, which may be long. */
const shownCharacters = 600;

/** `Kind namespace/name`, as a reader looks for it. */
export function titleOf({ kind, metadata: { namespace, name } }: KubeObject): string {
  return `${kind} ${namespace ? `${namespace}/` : ""}${name}`;
}

/**
 * Applies objects one after the other.
 *
 * @param dryRun checks each as an apply would and stores nothing
 * @returns what was refused, each with the object and the server's words
 */
export async function applyAll(
  api: KubeApi,
  objects: KubeObject[],
  dryRun = false,
): Promise<string[]> {
  const refused: string[] = [];
  for (const object of objects) {
    try {
      await api.apply(object, dryRun);
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
      refused.push(`${titleOf(object)}: ${error.message.slice(0, shownCharacters)}`);
    }
  }
  return refused;
}
