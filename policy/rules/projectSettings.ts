/** What rules hold the objects of projects to, besides what holds for the platform's own. */
export interface ProjectSettings {
  /**
   * Where images may come from: a registry with or without a path, `ghcr.io/acme`. `?` stands for a
   * letter or a digit that is not known yet.
   * @default anywhere
   */
  registries?: readonly string[];
  /** Images of the platform that its own parts put into pods of projects, as they name them. */
  platformImages?: readonly string[];
  /**
   * Whether an image has to be named by digest.
   * @default false
   */
  requireDigests?: boolean;
  /**
   * Images that a log offloader may run.
   * @default any
   */
  offloaderImages?: readonly string[];
  /**
   * PriorityClasses that pods may name.
   * @default none
   */
  priorityClasses?: readonly string[];
}
