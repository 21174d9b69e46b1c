import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";

/**
 * What Azure answers while a role assignment is there and not yet in effect, of the cluster's
 * identities (https://learn.microsoft.com/azure/aks/use-managed-identity, Azure/AKS#4841).
 */
const notInEffect = /\w+MissingPermission(Error)?\b|\bLinkedAuthorizationFailed\b/;

const firstWaitSeconds = 10;
const waitSeconds = 30;
/** Azure says that an assignment may take ten minutes (role-based access control, FAQ). */
const mostTries = 20;

/**
 * Seconds to wait before an operation is tried again; undefined where that is of no use.
 *
 * @param errors what it failed with so far, the newest first
 */
export function secondsToRetry(errors: readonly string[]): number | undefined {
  const [newest = ""] = errors;
  if (!notInEffect.test(newest) || errors.length > mostTries) {
    return undefined;
  }
  return errors.length === 1 ? firstWaitSeconds : waitSeconds;
}

/**
 * Tries a resource again while rights that were given just before it are not in effect: Azure
 * spreads them over minutes, and azure-native takes the refusal for final. Costs nothing where they
 * are.
 *
 * @param name unique in the program
 * @param wait waits some seconds
 */
export function retryUntilRightsWork(
  name: string,
  wait: (seconds: number) => Promise<unknown> = (seconds) => sleep(seconds * 1000),
): pulumi.ErrorHook {
  return new pulumi.ErrorHook(name, async ({ errors }) => {
    const seconds = secondsToRetry(errors);
    if (seconds === undefined) {
      return false;
    }
    await pulumi.log.info(
      `${name}: Azure has not spread the role assignments yet, try ${errors.length} of ` +
        `${mostTries}; waiting ${seconds} s`,
    );
    await wait(seconds);
    return true;
  });
}
