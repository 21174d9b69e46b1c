import type { ResourceTransform } from "@pulumi/pulumi";

/**
 * Takes the token out of the GitHub provider's arguments. The SDK copies GITHUB_TOKEN into them, as
 * plain text, and so into the state; the provider itself reads that variable too.
 */
export const withoutGithubToken: ResourceTransform = ({ props, opts }) => {
  const kept = Object.fromEntries(Object.entries(props).filter(([key]) => key !== "token"));
  return { props: kept, opts };
};
