import type { StackRule } from "../resourceRule";

/** Ray's logs have a lake to go to, which keeps them for a known time. */
export const requireLogRetention: StackRule = {
  name: "mlplatform-lake-require-log-retention",
  description: "A stack with Ray has a lake that keeps raw logs for a known time.",
  *validate({ resources, notApplicable }) {
    const ray = resources.find(({ type }) => type === "mlplatform:index:RayStack");
    if (ray === undefined) {
      return notApplicable("no RayStack");
    }
    const lakes = resources.filter(({ type }) => type === "mlplatform:index:DataLake");
    if (lakes.length === 0) {
      yield {
        name: ray.name,
        urn: ray.urn,
        message: `RayStack "${ray.name}" has no DataLake in its stack: add one for its logs.`,
      };
    }
    for (const { name, urn, props } of lakes) {
      const days: unknown = props.rawLogRetentionDays;
      if (typeof days === "number" && days >= 1) {
        continue;
      }
      const message =
        `DataLake "${name}" has rawLogRetentionDays ${days ?? "unset"}: set it to the days ` +
        "that Ray's logs are kept.";
      yield { name, urn, message };
    }
  },
};
