import { lakeRegion, platformNamespaces } from "@mlplatform/contracts/platformNames";
import * as pulumi from "@pulumi/pulumi";
import { LakeKind, S3Addressing, type S3Connection } from "../connections";
import { createNamespace, PodSecurity } from "../kubernetes/namespace";
import { restrictIngress } from "../kubernetes/networkPolicy";
import type { Scope } from "../scope";
import { createAzureBlobStore } from "./azureBlobStore";
import type { LakeStore, LakeStoreSettings } from "./lakeStore";
import { createMinioStore } from "./minioStore";
import { createSeaweedStore } from "./seaweedStore";
import { normalizeDataLake } from "./normalize";
import { dataLakeProblems } from "./problems";
import { refuseProblems } from "../refuseProblems";
import type { DataLakeArgs } from "./args";

/**
 * The object store of the platform, in the namespace `data-lake`. Consumers get a key of their own
 * by {@link LakeAccess}.
 *
 * ```ts
 * const lake = new DataLake("lake", { image: images.minio, clientImage: images.minioClient });
 * new LakeAccess("reports-lake", {
 *   lake: lake.connection, namespace: "reports",
 *   grants: [{ prefix: "inferences/", permission: LakePermission.Read }],
 * });
 * ```
 */
export class DataLake extends pulumi.ComponentResource {
  /** Bucket `lake`, without a credential. Resolves when the store and its buckets exist. */
  public readonly connection: pulumi.Output<S3Connection>;
  /** Namespace of the store. */
  public readonly namespace: pulumi.Output<string>;

  constructor(name: string, args: DataLakeArgs, opts?: pulumi.ComponentResourceOptions) {
    refuseProblems("DataLake", name, dataLakeProblems(name, args));
    super("mlplatform:index:DataLake", name, args, opts);
    const chosen = normalizeDataLake(args);
    const { kind, protectData } = chosen;
    this.namespace = createClosedNamespace({ name, parent: this }, kind, protectData);
    const settings: LakeStoreSettings = { ...chosen, namespace: this.namespace };
    const store = createStore[kind]({ name, parent: this }, settings);
    this.connection = connectionTo(kind, store, settings);
    this.registerOutputs({
      connection: this.connection,
      namespace: this.namespace,
      // For policies over the stack, which see outputs only.
      rawLogRetentionDays: settings.rawLogRetentionDays,
    });
  }
}

const createStore: Record<LakeKind, (scope: Scope, settings: LakeStoreSettings) => LakeStore> = {
  [LakeKind.Minio]: createMinioStore,
  [LakeKind.SeaweedFs]: createSeaweedStore,
  [LakeKind.AzureBlob]: createAzureBlobStore,
};

/** The namespace, closed to everything that a store does not open. */
function createClosedNamespace(
  { name, parent }: Scope,
  kind: LakeKind,
  protectData: boolean,
): pulumi.Output<string> {
  // The SeaweedFS chart was never run under `restricted`; its hooks set no security context.
  const podSecurity = kind === LakeKind.SeaweedFs ? PodSecurity.Baseline : PodSecurity.Restricted;
  const namespace = createNamespace({
    name: `${name}-data-lake`,
    parent,
    namespace: platformNamespaces.dataLake,
    podSecurity,
    protectData,
  }).metadata.name;
  restrictIngress({ name: `${name}-default-deny`, parent, namespace });
  return namespace;
}

/**
 * The connection waits for the buckets, so that what uses it is made after them. Its parts are
 * outputs of their own: in a stack's first preview the address is unknown, and the image of Jobs,
 * which policies look at, is not.
 */
function connectionTo(
  kind: LakeKind,
  { service, ready }: LakeStore,
  settings: LakeStoreSettings,
): pulumi.Output<S3Connection> {
  const whenReady = (value: pulumi.Input<string>) =>
    pulumi.all([value, ...ready.map(({ urn }) => urn)]).apply(([known]) => known!);
  return pulumi.output({
    kind,
    endpoint: whenReady(service.endpoint),
    address: whenReady(service.address),
    usesTls: false,
    namespace: whenReady(settings.namespace),
    podPort: service.podPort,
    region: lakeRegion,
    bucket: settings.buckets[0]!,
    addressing: S3Addressing.Path,
    clientImage: settings.clientImage,
    rawLogRetentionDays: settings.rawLogRetentionDays,
  });
}
