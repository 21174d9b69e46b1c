// What Knative's queue-proxy, the other sidecar of a model's pod, measures of each request: the
// serving side's own count, against which the inference table's is held.

const metricName = "kn_serving_invocation_duration_seconds";
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface StatusSeries {
  /** Requests up to each bound, and all of them at the end. */
  counts: number[];
  sum: number;
}

/** Durations of a pod's requests, by status. */
export class InvocationMetrics {
  private readonly byStatus = new Map<number, StatusSeries>();

  /** @param labels k8s_namespace_name, kn_service_name, kn_revision_name and the like */
  constructor(private readonly labels: Record<string, string>) {}

  observe(status: number, seconds: number): void {
    const series = this.byStatus.get(status) ?? {
      counts: [...bounds, Infinity].map(() => 0),
      sum: 0,
    };
    [...bounds, Infinity].forEach((bound, index) => {
      series.counts[index]! += seconds <= bound ? 1 : 0;
    });
    series.sum += seconds;
    this.byStatus.set(status, series);
  }

  /** The metrics in Prometheus' text format. */
  text(): string {
    const lines = [`# TYPE ${metricName} histogram`];
    for (const [status, { counts, sum }] of this.byStatus) {
      const own = Object.entries({ ...this.labels, http_response_status_code: String(status) });
      const labels = own.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",");
      [...bounds, "+Inf"].forEach((bound, index) => {
        lines.push(`${metricName}_bucket{${labels},le="${bound}"} ${counts[index]}`);
      });
      lines.push(
        `${metricName}_sum{${labels}} ${sum}`,
        `${metricName}_count{${labels}} ${counts.at(-1)}`,
      );
    }
    return `${lines.join("\n")}\n`;
  }
}
