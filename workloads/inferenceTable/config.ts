import { readFileSync } from "node:fs";
import { inferenceTableVariables, serviceVariables } from "@mlplatform/contracts/environment";
import { podPorts } from "@mlplatform/contracts/podPorts";
import { readLakeSettings } from "@mlplatform/lake/service/lakeSettings";
import { type SettingsReader, settingsReader } from "@mlplatform/lake/service/settings";
import type { ObjectStoreOptions } from "@mlplatform/lake/store/objectStore";
import type { Replica } from "./pair/replica";
import { makeRedactor, type Redactor, RedactionRuleError } from "./intake/redaction";
import { readRetention, type Retention } from "./maintain/retention";

/** What the service runs with. */
export interface InferenceTableConfig {
  lake: ObjectStoreOptions;
  stateDirectory: string;
  host: string;
  port: number;
  /** A segment is committed to the lake after this long at most. */
  commitIntervalMs: number;
  /** … or with this many bytes. */
  segmentBytes: number;
  /** Bytes of acknowledged events that may wait on disk for the lake. */
  maxLogBytes: number;
  /** Of larger bodies only the beginning and the hash are kept. */
  maxBodyBytes: number;
  /** Larger bodies become objects of their own. */
  inlineBytes: number;
  /** Takes out of payloads what must not be stored: MLP_REDACTION_FILE, a list of rules in JSON. */
  redactor: Redactor;
  /** MLP_INGEST_KEY: what senders prove their namespace with. @default - it is what they say */
  ingestKey: string | undefined;
  /** Whether this replica pairs. */
  isPairing: boolean;
  pairIntervalMs: number;
  /** An hour is paired this long after its end. */
  pairGraceMs: number;
  /** Which of several replicas this is: they share the hours among them. */
  replica: Replica;
  /** MLP_RETENTION_DAYS, and MLP_RETENTION for single namespaces: `models=30,churn=400`. */
  retention: Retention;
  /** Parts of events of hours that are long over are merged into ones of at least so many bytes. */
  compactBytes: number;
  /** What was merged into another part stays this long for readers that listed it before. */
  compactGraceMs: number;
  /** How often what is old is deleted, and what is small is merged. */
  tidyIntervalMs: number;
}

const mib = 1 << 20;
const hourMs = 3_600_000;

/**
 * Reads the service's settings. MLP_HOST is 127.0.0.1 unless set: a payload sink listens on a
 * public address only when someone said so (the image sets 0.0.0.0).
 *
 * @throws SettingsError naming every unusable setting.
 */
export function readConfig(env: NodeJS.ProcessEnv): InferenceTableConfig {
  const settings = settingsReader(env);
  const config: InferenceTableConfig = {
    lake: readLakeSettings(settings),
    stateDirectory: settings.text(
      serviceVariables.stateDirectory,
      "give a directory on a disk that survives restarts",
    ),
    host: settings.text(serviceVariables.host, "give an address to listen on", "127.0.0.1"),
    port: settings.count(serviceVariables.port, podPorts.inferenceTable, { min: 0, max: 65_535 }),
    commitIntervalMs: settings.count("MLP_COMMIT_INTERVAL_MS", 5_000, { min: 50, max: 600_000 }),
    segmentBytes: mib * settings.count("MLP_SEGMENT_MIB", 32, { min: 1, max: 256 }),
    maxLogBytes: mib * settings.count(serviceVariables.logMib, 4_096, { min: 8, max: 4 << 20 }),
    maxBodyBytes: mib * settings.count("MLP_MAX_BODY_MIB", 128, { min: 1, max: 1_000 }),
    inlineBytes: mib * settings.count("MLP_INLINE_MIB", 4, { min: 1, max: 64 }),
    redactor: readRedactor(settings),
    ingestKey: settings.optionalText(inferenceTableVariables.ingestKey),
    isPairing: settings.choice("MLP_PAIRING", ["on", "off"] as const, "on") === "on",
    pairIntervalMs: settings.count("MLP_PAIR_INTERVAL_MS", 60_000, { min: 100, max: 3_600_000 }),
    pairGraceMs: settings.count("MLP_PAIR_GRACE_MS", 600_000, { min: 0, max: 86_400_000 }),
    replica: {
      ordinal: settings.count(inferenceTableVariables.replica, 0, { min: 0, max: 999 }),
      count: settings.count(inferenceTableVariables.replicas, 1, { min: 1, max: 1_000 }),
    },
    retention: readSetRetention(settings),
    compactBytes: mib * settings.count("MLP_COMPACT_MIB", 64, { min: 1, max: 256 }),
    compactGraceMs: hourMs * settings.count("MLP_COMPACT_GRACE_HOURS", 6, { min: 0, max: 168 }),
    tidyIntervalMs: settings.count("MLP_TIDY_INTERVAL_MS", hourMs, { min: 100, max: 86_400_000 }),
  };
  settings.check();
  return config;
}

function readRedactor(settings: SettingsReader): Redactor {
  const file = settings.optionalText(inferenceTableVariables.redactionFile);
  const key = settings.optionalText(inferenceTableVariables.redactionKey);
  try {
    return makeRedactor(file === undefined ? "[]" : readFileSync(file, "utf8"), key);
  } catch (error) {
    if (
      !(error instanceof RedactionRuleError) &&
      (error as NodeJS.ErrnoException).code === undefined
    ) {
      throw error;
    }
    settings.problem(inferenceTableVariables.redactionFile, (error as Error).message);
    return makeRedactor("[]", key);
  }
}

function readSetRetention(settings: SettingsReader): Retention {
  // 0 stands for no bound: whoever wants none says nothing.
  const days = settings.count(inferenceTableVariables.retentionDays, 0, { min: 0, max: 36_500 });
  try {
    return readRetention(
      days === 0 ? undefined : days,
      settings.optionalText(inferenceTableVariables.retentionByNamespace) ?? "",
    );
  } catch (error) {
    settings.problem(inferenceTableVariables.retentionByNamespace, (error as Error).message);
    return readRetention(undefined, "");
  }
}
