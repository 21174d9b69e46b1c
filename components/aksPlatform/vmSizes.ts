import { distance } from "fastest-levenshtein";

/** What a node of one virtual machine size offers. */
export interface VmSize {
  vCpus: number;
  memoryGiB: number;
  /** Whole NVIDIA GPUs. */
  gpus: number;
  /** Local disks together; absent where the size has none. */
  temporaryDiskGiB?: number;
  /** Whether an operating system disk may lie on the local disk. */
  ephemeralOsDisk: boolean;
}

/**
 * The sizes that pools may have. Read on 2026-11-23 from the size pages of Azure's documentation
 * (https://learn.microsoft.com/azure/virtual-machines/sizes/overview; source
 * MicrosoftDocs/azure-compute-docs, articles/virtual-machines/sizes/<family>/<series>.md: tabs
 * Basics, Local Storage, Accelerators). Sizes with a fraction of a GPU are left out, because the
 * scheduler counts whole ones.
 *
 * `ephemeralOsDisk` is true only where the page says "Ephemeral OS Disk: Supported" and the local
 * disk is one temporary disk: on v6 sizes it is raw NVMe, and on older series Azure measures the
 * cache instead (https://learn.microsoft.com/azure/aks/concepts-storage#ephemeral-os-disks-in-aks).
 */
export const vmSizes: Record<string, VmSize> = {
  // Bv1: burstable. User pools of development stacks only.
  Standard_B4ms: size(4, 16, 0, 32),
  Standard_B8ms: size(8, 32, 0, 64),
  Standard_B16ms: size(16, 64, 0, 128),
  // Dsv5: general purpose, no local disk.
  Standard_D2s_v5: size(2, 8),
  Standard_D4s_v5: size(4, 16),
  Standard_D8s_v5: size(8, 32),
  Standard_D16s_v5: size(16, 64),
  Standard_D32s_v5: size(32, 128),
  // Ddsv5: general purpose with a local disk.
  Standard_D2ds_v5: ephemeral(2, 8, 0, 75),
  Standard_D4ds_v5: ephemeral(4, 16, 0, 150),
  Standard_D8ds_v5: ephemeral(8, 32, 0, 300),
  Standard_D16ds_v5: ephemeral(16, 64, 0, 600),
  Standard_D32ds_v5: ephemeral(32, 128, 0, 1200),
  Standard_D48ds_v5: ephemeral(48, 192, 0, 1800),
  Standard_D64ds_v5: ephemeral(64, 256, 0, 2400),
  // Ddsv6: general purpose with raw NVMe disks.
  Standard_D2ds_v6: size(2, 8, 0, 110),
  Standard_D4ds_v6: size(4, 16, 0, 220),
  Standard_D8ds_v6: size(8, 32, 0, 440),
  Standard_D16ds_v6: size(16, 64, 0, 880),
  Standard_D32ds_v6: size(32, 128, 0, 1760),
  Standard_D48ds_v6: size(48, 192, 0, 2640),
  Standard_D64ds_v6: size(64, 256, 0, 3520),
  // Edsv5: memory optimized with a local disk.
  Standard_E2ds_v5: ephemeral(2, 16, 0, 75),
  Standard_E4ds_v5: ephemeral(4, 32, 0, 150),
  Standard_E8ds_v5: ephemeral(8, 64, 0, 300),
  Standard_E16ds_v5: ephemeral(16, 128, 0, 600),
  Standard_E20ds_v5: ephemeral(20, 160, 0, 750),
  Standard_E32ds_v5: ephemeral(32, 256, 0, 1200),
  Standard_E48ds_v5: ephemeral(48, 384, 0, 1800),
  Standard_E64ds_v5: ephemeral(64, 512, 0, 2400),
  // Fsv2: compute optimized.
  Standard_F2s_v2: size(2, 4, 0, 16),
  Standard_F4s_v2: size(4, 8, 0, 32),
  Standard_F8s_v2: size(8, 16, 0, 64),
  Standard_F16s_v2: size(16, 32, 0, 128),
  Standard_F32s_v2: size(32, 64, 0, 256),
  Standard_F48s_v2: size(48, 96, 0, 384),
  Standard_F64s_v2: size(64, 128, 0, 512),
  Standard_F72s_v2: size(72, 144, 0, 576),
  // NCasT4_v3: NVIDIA T4, 16 GB each.
  Standard_NC4as_T4_v3: size(4, 28, 1, 176),
  Standard_NC8as_T4_v3: size(8, 56, 1, 352),
  Standard_NC16as_T4_v3: size(16, 110, 1, 352),
  Standard_NC64as_T4_v3: size(64, 440, 4, 2816),
  // NC_A100_v4: NVIDIA A100, 80 GB each.
  Standard_NC24ads_A100_v4: ephemeral(24, 220, 1, 64),
  Standard_NC48ads_A100_v4: ephemeral(48, 440, 2, 128),
  Standard_NC96ads_A100_v4: ephemeral(96, 880, 4, 256),
  // NCads_H100_v5: NVIDIA H100 NVL, 94 GB each.
  Standard_NC40ads_H100_v5: ephemeral(40, 320, 1, 3576),
  Standard_NC80adis_H100_v5: ephemeral(80, 640, 2, 7152),
  // ND_H100_v5: NVIDIA H100, 80 GB each, InfiniBand.
  Standard_ND96isr_H100_v5: ephemeral(96, 1900, 8, 1024),
  // NVadsA10_v5: NVIDIA A10, 24 GB each.
  Standard_NV36ads_A10_v5: ephemeral(36, 440, 1, 1440),
  Standard_NV36adms_A10_v5: ephemeral(36, 880, 1, 2880),
  Standard_NV72ads_A10_v5: ephemeral(72, 880, 2, 2880),
};

/** Listed sizes whose names are nearest to a name, best first. */
export function nearVmSizes(name: string, count = 3): string[] {
  return Object.keys(vmSizes)
    .map((listed) => ({ listed, far: distance(name.toLowerCase(), listed.toLowerCase()) }))
    .sort((a, b) => a.far - b.far || a.listed.localeCompare(b.listed, "en"))
    .slice(0, count)
    .map(({ listed }) => listed);
}

function size(vCpus: number, memoryGiB: number, gpus = 0, temporaryDiskGiB?: number): VmSize {
  return { vCpus, memoryGiB, gpus, temporaryDiskGiB, ephemeralOsDisk: false };
}

function ephemeral(
  vCpus: number,
  memoryGiB: number,
  gpus: number,
  temporaryDiskGiB: number,
): VmSize {
  return { vCpus, memoryGiB, gpus, temporaryDiskGiB, ephemeralOsDisk: true };
}
