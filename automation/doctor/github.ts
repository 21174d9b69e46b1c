import { z } from "zod";
import { type Finding, failure, good, notChecked, warning } from "./finding";
import type { GitHubNeeds } from "./stackNeeds";

interface Answer {
  status: number;
  /** Scopes of a classic token; undefined for other kinds, which don't tell. */
  scopes: string[] | undefined;
  /** Of an owner that shows it. */
  plan: string | undefined;
}

const ownerBody = z.object({ plan: z.object({ name: z.string() }) });

/** What a classic token needs: repositories and their settings, and files of workflows. */
const neededScopes = ["repo", "workflow"];
const fineGrained =
  "Administration, Actions, Contents, Environments, Secrets, Variables and Workflows: read and " +
  "write";
const withRights =
  "Check that the token may read it (single sign-on, allowed addresses), then run this again.";
const timeoutMs = 20_000;

/** Looks at the token and the owner of the repositories. The token is sent to GitHub alone. */
export async function examineGitHub(
  needs: GitHubNeeds,
  token: string | undefined,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (!token) {
    const remedy =
      "Set it to a token of an organization's owner with the scopes repo and workflow, or a " +
      `fine-grained one with ${fineGrained}. It is kept out of files and state.`;
    return [failure("GITHUB_TOKEN", "not set", remedy)];
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    // Sent, it would come back in the words of the error, as a header that can't be.
    const remedy = "Set it anew, without quotes and line breaks, e.g. from `gh auth token`.";
    return [failure("GITHUB_TOKEN", "holds a character that no token has", remedy)];
  }
  const ask = async (path: string): Promise<Answer> => {
    const response = await fetch(new URL(path, needs.baseUrl), {
      headers: { accept: "application/vnd.github+json", authorization: `Bearer ${token}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const scopes = response.headers
      .get("x-oauth-scopes")
      ?.split(",")
      .map((each) => each.trim());
    const body = ownerBody.safeParse(await response.json().catch(() => undefined));
    return { status: response.status, scopes, plan: body.data?.plan.name };
  };
  try {
    const first = await ask("rate_limit");
    const signedIn = examineToken(first, needs.baseUrl);
    if (!isKnown(first)) {
      return [signedIn];
    }
    const owner = await askOwner(ask, needs.owner);
    const repositories = await Promise.all(
      needs.repositories.map(async ({ name }) => {
        const { status } = await ask(`repos/${needs.owner}/${name}`);
        return examineRepository(`${needs.owner}/${name}`, status);
      }),
    );
    return [signedIn, examineOwner(needs, owner), ...repositories];
  } catch (error) {
    signal.throwIfAborted();
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? cause.message : message;
    const remedy = "Check the network and `mlplatform:github.baseUrl`, then run this again.";
    return [notChecked("GitHub", `${needs.baseUrl} can't be reached: ${why}`, remedy)];
  }
}

/** GitHub Enterprise Server without rate limits answers 404, and tells the scopes all the same. */
function isKnown({ status, scopes }: Answer): boolean {
  return status === 200 || (status === 404 && scopes !== undefined);
}

function examineToken(answer: Answer, baseUrl: string): Finding {
  const subject = "GITHUB_TOKEN";
  const { status, scopes } = answer;
  if (status === 401) {
    return failure(subject, `refused with ${status}`, "Make a new one; it may have expired.");
  }
  if (!isKnown(answer)) {
    const seen = `${baseUrl}rate_limit answered ${status}; nothing more was asked`;
    const remedy = "Check `mlplatform:github.baseUrl` and GitHub's status, then run this again.";
    return notChecked(subject, seen, remedy);
  }
  if (scopes === undefined) {
    const seen = "accepted; this kind doesn't tell its permissions";
    return notChecked(subject, seen, `It needs ${fineGrained}.`);
  }
  const missing = neededScopes.filter((scope) => !scopes.includes(scope));
  return missing.length === 0
    ? good(subject, `scopes ${scopes.join(", ")}`)
    : failure(
        subject,
        `lacks the scope ${missing.join(" and ")}`,
        "Add it: without `workflow` GitHub refuses files under .github/workflows.",
      );
}

/** An owner is an organization, or a user. Only 404 says that it isn't the one. */
async function askOwner(ask: (path: string) => Promise<Answer>, owner: string): Promise<Answer> {
  const name = encodeURIComponent(owner);
  const organization = await ask(`orgs/${name}`);
  return organization.status === 404 ? ask(`users/${name}`) : organization;
}

function examineOwner(needs: GitHubNeeds, { status, plan }: Answer): Finding {
  const subject = `GitHub ${needs.owner}`;
  if (status === 404) {
    const remedy = "Set `mlplatform:github.owner` to your organization.";
    return failure(subject, "no such organization or user", remedy);
  }
  if (status !== 200) {
    return notChecked(subject, `GitHub answered ${status}`, withRights);
  }
  const closed = needs.repositories.filter(({ visibility }) => visibility !== "public");
  if (plan === undefined) {
    const seen = "its plan is shown to its owners only";
    return notChecked(subject, seen, "Use a token of an owner to have the plan checked.");
  }
  if (plan === "free" && closed.length > 0) {
    return failure(
      subject,
      `plan free; ${closed.map(({ name }) => name).join(", ")} would not be public`,
      "Branch rules and environments of private repositories need the plan Team; or make the " +
        "repositories public (`projects[].github.visibility`).",
    );
  }
  if (plan !== "enterprise" && closed.length > 0 && needs.reviewedEnvironments.length > 0) {
    return failure(
      subject,
      `plan ${plan}; reviewers are set for ${needs.reviewedEnvironments.join(", ")}`,
      "Reviewers of private repositories' environments need the plan Enterprise; leave " +
        "`reviewerTeamIds` out, or change the plan.",
    );
  }
  return good(subject, `plan ${plan}`);
}

function examineRepository(fullName: string, status: number): Finding {
  const subject = `Repository ${fullName}`;
  if (status === 404) {
    return good(subject, "not there yet; the stack makes it");
  }
  if (status !== 200) {
    return notChecked(subject, `GitHub answered ${status}`, withRights);
  }
  return warning(
    subject,
    "is there",
    "Fine where this stack has made it. If not, choose another name, or adopt it by " +
      "`projects[].github.create: false`.",
  );
}
