import { type Finding, notChecked } from "./finding";

/** A question to Azure that got no answer. `error` is what the tool said; empty where nothing. */
export function unanswered(subject: string, error: string): Finding {
  const remedy = "Check that the account may read the subscription, then run this again.";
  return notChecked(subject, error || "Azure gave no answer that can be read", remedy);
}
