import { promises as fs } from "node:fs";
import { join, resolve } from "node:path";
import {
  bucketAddressings,
  lakeKeyVariables,
  lakeVariables,
  trackingVariables,
} from "@mlplatform/contracts/environment";
import { mlflowClient, type MlflowClient } from "@mlplatform/lake/ask/mlflowClient";
import { type Lake, lakeTables, openLake } from "@mlplatform/lake/ask/lake";
import { RefusedQueryError } from "@mlplatform/lake/duckdb/readOnlyQuery";
import { endpointProblem } from "@mlplatform/lake/service/lakeSettings";
import { openObjectCache } from "@mlplatform/lake/store/objectCache";
import {
  type BucketAddressing,
  type ObjectStore,
  openObjectStore,
} from "@mlplatform/lake/store/objectStore";
import { ObjectStoreError } from "@mlplatform/lake/store/storeErrors";
import { type Command, Option } from "commander";
import { z } from "zod";
import { printable } from "../screen/text";
import { UserError } from "../screen/userError";
import type { CliContext } from "./context";

/** Flags that every command over the lake has. */
export interface LakeFlags {
  lakeEndpoint?: string;
  lakeBucket?: string;
  lakeRegion?: string;
  lakeAddressing?: BucketAddressing;
  mlflow?: string;
  cache?: string;
}

/** An opened lake, and how to close it. */
export interface LakeConnection {
  lake: Lake;
  /** Another bucket by the same keys, at the lake's endpoint unless another is given. */
  openBucket(bucket: string, endpoint?: string): ObjectStore;
  mlflow(): Promise<MlflowClient>;
  close(): void;
}

const endpointsFile = join(".mlplatform", "run", "endpoints.json");

const endpointsSchema = z.object({
  lake: z.object({
    endpoint: z.url(),
    region: z.string().default("us-east-1"),
    bucket: z.string(),
    credentialsFile: z.string().optional(),
  }),
  mlflow: z
    .object({
      uri: z.url(),
      workspace: z.string().optional(),
      credentialsFile: z.string().optional(),
    })
    .optional(),
});
type Endpoints = z.infer<typeof endpointsSchema>;

const lakeKeySchema = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() });
const mlflowUserSchema = z.object({ username: z.string(), password: z.string() });

/** Adds the flags that say where the lake is. */
export function addLakeOptions(command: Command): Command {
  return command
    .option("--lake-endpoint <url>", "S3 endpoint [MLP_LAKE_ENDPOINT, or the local run's]")
    .option("--lake-bucket <name>", "bucket [MLP_LAKE_BUCKET]")
    .option("--lake-region <name>", "region [MLP_LAKE_REGION]")
    .addOption(
      new Option("--lake-addressing <way>", "where the bucket stands in an address")
        .env(lakeVariables.addressing)
        .choices(bucketAddressings),
    )
    .option("--cache <folder>", "where fetched objects are kept [MLP_CACHE_DIR]");
}

/**
 * Opens the lake from flags, then MLP_LAKE_* variables, then the local run's `endpoints.json`. Keys
 * never come from flags: AWS's own variables and files, or the run's credentials file.
 *
 * @throws UserError when no place is named.
 */
export async function connectLake(flags: LakeFlags, context: CliContext): Promise<LakeConnection> {
  const { env } = process;
  const endpoint = flags.lakeEndpoint ?? env[lakeVariables.endpoint];
  const local = endpoint === undefined ? await readEndpoints(context) : undefined;
  if (endpoint === undefined && local === undefined) {
    throw new UserError({
      what:
        "the lake's address is unknown: neither --lake-endpoint nor MLP_LAKE_ENDPOINT is given, " +
        `and ${endpointsFile} doesn't exist`,
      remedy: "Give one, or start the platform with `npm run local -- --keep`.",
    });
  }
  const problem = endpoint === undefined ? undefined : endpointProblem(endpoint);
  if (problem !== undefined) {
    throw new UserError({
      what: `the lake's address ${problem}`,
      remedy: `Correct --lake-endpoint or ${lakeVariables.endpoint}.`,
    });
  }
  const credentialsFile = local?.lake.credentialsFile;
  const options = {
    endpoint: endpoint ?? local?.lake.endpoint,
    bucket: flags.lakeBucket ?? env[lakeVariables.bucket] ?? local?.lake.bucket ?? "lake",
    region: flags.lakeRegion ?? env[lakeVariables.region] ?? local?.lake.region ?? "us-east-1",
    addressing: flags.lakeAddressing,
    credentials:
      credentialsFile === undefined
        ? undefined
        : await readCredentials(credentialsFile, lakeKeySchema, context),
    // A person waits: a store that is down is said within seconds.
    retry: { attemptTimeoutMs: 15_000, deadlineMs: 10_000 },
  };
  const store = openObjectStore(options);
  const cacheFolder = flags.cache ?? env["MLP_CACHE_DIR"];
  const cache = await openObjectCache({
    store,
    directory:
      cacheFolder === undefined
        ? join(context.projectDir, ".mlplatform", "cache")
        : resolve(context.workingDir, cacheFolder),
  });
  return {
    lake: openLake({
      store,
      cache,
      onUnreadable: ({ message }) => context.stderr.write(`left out: ${printable(message)}\n`),
    }),
    openBucket: (bucket, otherEndpoint) =>
      openObjectStore({ ...options, bucket, endpoint: otherEndpoint ?? options.endpoint }),
    mlflow: () => connectMlflow(flags, local, context),
    close: () => store.close(),
  };
}

/** What the user has to change where a call to the lake failed for it; else the error itself. */
export function lakeUserError(error: unknown): unknown {
  if (error instanceof RefusedQueryError) {
    return new UserError({
      what: error.message,
      remedy: `Ask one SELECT over ${lakeTables.join(", ")}.`,
    });
  }
  return error instanceof ObjectStoreError && error.code === "CredentialsProviderError"
    ? new UserError({
        what: "there are no keys to the lake in the environment or in AWS's files",
        remedy: `Set ${Object.values(lakeKeyVariables).join(" and ")}, or AWS_PROFILE.`,
      })
    : error;
}

async function connectMlflow(
  flags: LakeFlags,
  known: Endpoints | undefined,
  context: CliContext,
): Promise<MlflowClient> {
  const { env } = process;
  const given = flags.mlflow ?? env[trackingVariables.uri];
  if (given !== undefined) {
    const problem = endpointProblem(given);
    if (problem !== undefined) {
      throw new UserError({
        what: `MLflow's address ${problem}`,
        remedy: `Correct --mlflow or ${trackingVariables.uri}.`,
      });
    }
    const username = env[trackingVariables.username];
    const password = env[trackingVariables.password];
    const isUser = username !== undefined && password !== undefined;
    return mlflowClient({
      uri: given,
      workspace: env[trackingVariables.workspace],
      credentials: isUser ? { username, password } : undefined,
      token: env[trackingVariables.token],
    });
  }
  const endpoints = known ?? (await readEndpoints(context));
  if (endpoints?.mlflow === undefined) {
    throw new UserError({
      what:
        "MLflow's address is unknown: neither --mlflow nor MLFLOW_TRACKING_URI is given, and " +
        `${endpointsFile} doesn't name it`,
      remedy: "Give one.",
    });
  }
  const { uri, workspace, credentialsFile } = endpoints.mlflow;
  return mlflowClient({
    uri,
    workspace,
    credentials:
      credentialsFile === undefined
        ? undefined
        : await readCredentials(credentialsFile, mlflowUserSchema, context),
  });
}

async function readEndpoints(context: CliContext): Promise<Endpoints | undefined> {
  const file = join(context.projectDir, endpointsFile);
  let text: string;
  try {
    text = await fs.readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return undefined;
    }
    throw error;
  }
  const parsed = endpointsSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new UserError({
      what: `${file} can't be read: ${z.prettifyError(parsed.error)}`,
      remedy: "Remove it with `npm run local -- clean`, or give --lake-endpoint.",
    });
  }
  return parsed.data;
}

/** Reads a JSON file that only its owner may read. */
async function readCredentials<T>(
  credentialsFile: string,
  schema: z.ZodObject<Record<string, z.ZodString>> & z.ZodType<T>,
  context: CliContext,
): Promise<T> {
  const file = resolve(context.projectDir, credentialsFile);
  const { mode } = await fs.stat(file).catch((error: unknown) => {
    throw new UserError({
      what: `the credentials file ${file} can't be read: ${(error as Error).message}`,
      remedy: "Start the local run anew, or give --lake-endpoint and AWS's variables.",
    });
  });
  if ((mode & 0o077) !== 0) {
    const seen = (mode & 0o777).toString(8);
    throw new UserError({
      what: `${file} is readable by others`,
      seen: `mode ${seen}`,
      remedy: "Run chmod 600 on it.",
    });
  }
  const text = await fs.readFile(file, "utf8");
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) {
    const keys = Object.keys(schema.shape).join(" and ");
    // The file's content is a secret: only what is missing is said.
    throw new UserError({
      what: `${file} doesn't hold ${keys}`,
      remedy: "Write them as JSON.",
    });
  }
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // not JSON: the caller says what the file must hold
    return undefined;
  }
}
