import * as consumption from "@pulumi/azure-native/consumption";
import * as pulumi from "@pulumi/pulumi";
import type { AksBudgetArgs } from "./args";
import type { AzureScope } from "../azure/scope";

/** What is spent beside the platform's own resource group. */
export interface BudgetedGroups {
  subscriptionId: pulumi.Output<string>;
  /** Resource group that AKS makes for nodes, disks and load balancers. */
  nodeResourceGroup: pulumi.Output<string>;
}

/** First day of the month of a time, as Azure wants the start of a monthly budget. */
export function firstOfMonth(now: Date): string {
  return `${now.toISOString().slice(0, 7)}-01`;
}

/** Makes the budget over the platform's resource group and the group of its nodes. */
export function createBudget(
  { name, resourceGroupName, child }: AzureScope,
  { subscriptionId, nodeResourceGroup }: BudgetedGroups,
  { monthlyAmount, contactEmails, startDate }: AksBudgetArgs,
): void {
  const warning = (thresholdType: string, threshold: number) => ({
    enabled: true,
    operator: "GreaterThanOrEqualTo",
    threshold,
    thresholdType,
    contactEmails,
  });
  new consumption.Budget(
    `${name}-budget`,
    {
      // The subscription, because nodes, disks and load balancers, most of the cost, lie in
      // another resource group than the cluster. The filter narrows it to the two.
      scope: pulumi.interpolate`/subscriptions/${subscriptionId}`,
      filter: {
        dimensions: {
          name: "ResourceGroupName",
          operator: "In",
          values: [resourceGroupName, nodeResourceGroup],
        },
      },
      category: "Cost",
      amount: monthlyAmount,
      timeGrain: "Monthly",
      timePeriod: { startDate: `${startDate ?? firstOfMonth(new Date())}T00:00:00Z` },
      notifications: {
        spent80: warning("Actual", 80),
        spent100: warning("Actual", 100),
        forecast100: warning("Forecasted", 100),
      },
    },
    // Azure refuses to move the start of a budget, and adds an end of its own.
    { ...child, ignoreChanges: ["timePeriod"] },
  );
}
