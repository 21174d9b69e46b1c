import { closest } from "fastest-levenshtein";
import { type OwnImage, ownImages } from "../../../program/ownImages";
import { UserError, shown } from "../../../screen/userError";

/**
 * The own images that a command line names; all where it names none.
 *
 * @throws UserError naming every one that is none
 */
export function chosenImages(names: readonly string[]): OwnImage[] {
  const all: OwnImage[] = Object.values(ownImages);
  const known = all.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UserError(
      ...unknown.map((name) => ({
        what: "no own image has that name",
        seen: shown(name),
        remedy: `Did you mean ${closest(name, known)}? They are ${known.join(", ")}.`,
      })),
    );
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}
