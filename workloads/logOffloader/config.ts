import { logOffloaderVariables, serviceVariables } from "@mlplatform/contracts/environment";
import { offloaderSidecar, rayRoles } from "@mlplatform/contracts/offloaderSidecar";
import type { RayLogOrigin } from "@mlplatform/lake/rayLogs/rayLogPart";
import { readLakeSettings } from "@mlplatform/lake/service/lakeSettings";
import { settingsReader } from "@mlplatform/lake/service/settings";
import type { ObjectStoreOptions } from "@mlplatform/lake/store/objectStore";

/** What the sidecar runs with. */
export interface LogOffloaderConfig {
  lake: ObjectStoreOptions;
  origin: RayLogOrigin;
  /** Ray's temporary directory, with `session_*` folders. */
  rayDirectory: string;
  stateDirectory: string;
  pollIntervalMs: number;
  /** Bytes read are in the lake after this long … */
  shipIntervalMs: number;
  /** … or when this many wait. */
  shipBytes: number;
  /** Bytes that may wait on disk for the lake; beyond it reading pauses. */
  maxLogBytes: number;
  /** How long the drain may read at shutdown before what is left is named in the manifest. */
  drainMs: number;
  /** Where /healthz and /metrics are served; no port, no listener. */
  host: string;
  port: number | undefined;
}

const mib = 1 << 20;

/**
 * Reads the sidecar's settings.
 *
 * @throws SettingsError naming every unusable setting.
 */
export function readConfig(env: NodeJS.ProcessEnv): LogOffloaderConfig {
  const settings = settingsReader(env);
  const config: LogOffloaderConfig = {
    lake: readLakeSettings(settings),
    origin: {
      namespace: settings.text(logOffloaderVariables.namespace, "give the project's namespace"),
      cluster: settings.text(logOffloaderVariables.cluster, "give the RayCluster's name"),
      rayjob: settings.optionalText(logOffloaderVariables.rayJob) ?? "",
      node: settings.text(logOffloaderVariables.node, "give the pod's name"),
      role: settings.choice(logOffloaderVariables.role, rayRoles, "worker"),
    },
    rayDirectory: settings.text(
      logOffloaderVariables.rayDirectory,
      "give Ray's temporary directory",
      offloaderSidecar.mountPath,
    ),
    stateDirectory: settings.text(
      serviceVariables.stateDirectory,
      "give a directory that survives a restart of this container",
    ),
    pollIntervalMs: settings.count("MLP_POLL_INTERVAL_MS", 250, { min: 10, max: 5_000 }),
    shipIntervalMs: settings.count("MLP_SHIP_INTERVAL_MS", 5_000, { min: 100, max: 10_000 }),
    shipBytes: mib * settings.count("MLP_SHIP_MIB", 8, { min: 1, max: 16 }),
    maxLogBytes: mib * settings.count(serviceVariables.logMib, 2_048, { min: 32, max: 1 << 20 }),
    drainMs: settings.count("MLP_DRAIN_MS", 60_000, { min: 100, max: 3_600_000 }),
    host: settings.text(serviceVariables.host, "give an address to listen on", "127.0.0.1"),
    port:
      settings.optionalText(serviceVariables.port) === undefined
        ? undefined
        : settings.count(serviceVariables.port, 0, { min: 0, max: 65_535 }),
  };
  settings.check();
  return config;
}
