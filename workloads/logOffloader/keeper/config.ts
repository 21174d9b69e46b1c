import { logKeeperVariables } from "@mlplatform/contracts/environment";
import { readLakeSettings } from "@mlplatform/lake/service/lakeSettings";
import { settingsReader } from "@mlplatform/lake/service/settings";
import type { ObjectStoreOptions } from "@mlplatform/lake/store/objectStore";

/** What the keeper runs with. */
export interface KeeperConfig {
  lake: ObjectStoreOptions;
  /** Where parts are kept while they are merged. */
  workDirectory: string;
  /** Days that logs are kept, counted from their partition's day. */
  retentionDays: number;
  /** A compacted part has at least this many bytes, where the partition has as many. */
  targetBytes: number;
  /** Replaced parts stay this long for readers that listed them before. */
  graceMs: number;
  /** An incomplete cluster makes the run fail as long as it ended within so many days. */
  reportDays: number;
  /** JSON of `kubectl get pods -A -o json`, where a list is to be had. */
  podListFile: string | undefined;
}

const mib = 1 << 20;
const hourMs = 3_600_000;

/**
 * Reads the keeper's settings.
 *
 * @throws SettingsError naming every unusable setting.
 */
export function readKeeperConfig(env: NodeJS.ProcessEnv): KeeperConfig {
  const settings = settingsReader(env);
  const config: KeeperConfig = {
    lake: readLakeSettings(settings),
    workDirectory: settings.text(
      logKeeperVariables.workDirectory,
      "give a directory to merge parts in",
      "/tmp/keeper",
    ),
    retentionDays: settings.count(logKeeperVariables.retentionDays, 90, { min: 1, max: 3650 }),
    targetBytes: mib * settings.count("MLP_COMPACT_MIB", 96, { min: 1, max: 1024 }),
    graceMs: hourMs * settings.count("MLP_COMPACT_GRACE_HOURS", 6, { min: 0, max: 168 }),
    reportDays: settings.count("MLP_REPORT_DAYS", 2, { min: 1, max: 365 }),
    podListFile: settings.optionalText("MLP_POD_LIST"),
  };
  settings.check();
  return config;
}
