/** A label selector as Kubernetes writes it. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/**
 * Whether a label selector matches, as the API server decides; an empty one matches everything.
 *
 * @throws Error for an operator that Kubernetes does not have
 */
export function selects(selector: LabelSelector, labels: Record<string, string>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      switch (operator) {
        case "Exists":
          return key in labels;
        case "DoesNotExist":
          return !(key in labels);
        case "In":
          return values.includes(labels[key]!);
        case "NotIn":
          return !values.includes(labels[key]!);
        default:
          throw new Error(`a label selector has the operator ${operator}`);
      }
    })
  );
}
