import { containerLists } from "./objectKinds";

type Location = (string | number)[];

/**
 * Where an object of a kind that no rule knows holds containers, which its operator would turn into
 * pods: keys and indexes from its root.
 */
export function containerPlaces(value: unknown): Location[] {
  const seen = new WeakSet<object>();
  const search = (within: unknown, location: Location): Location[] => {
    if (typeof within !== "object" || within === null || seen.has(within)) {
      return [];
    }
    seen.add(within);
    return Object.entries(within).flatMap(([name, inner]) => {
      const key = Array.isArray(within) ? Number(name) : name;
      const place = [...location, key];
      return holdsContainers(name, inner) ? [place] : search(inner, place);
    });
  };
  return search(value, []);
}

function holdsContainers(name: string, value: unknown): boolean {
  const isContainer = (one: unknown) =>
    typeof one === "object" && one !== null && Object.hasOwn(one, "image");
  if (name === "container") {
    return isContainer(value);
  }
  return (
    (containerLists as readonly string[]).includes(name) &&
    Array.isArray(value) &&
    value.some(isContainer)
  );
}
